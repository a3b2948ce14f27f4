-- grain: one row per source, symbol, day and kind of corporate action
-- key:   source, symbol, action_date, kind
-- reads: staging.stg_price_actions
-- units: dividends and capital gains in currency per share, splits as new shares per old one
with

-- A row that an answer repeats is one action; different amounts of one day are several.
actions as (
    select distinct
        source,
        symbol,
        action_date,
        kind,
        value
    from staging.stg_price_actions
    where value > 0 and isfinite(value)
),

final as (
    select
        source,
        symbol,
        action_date,
        kind,
        case when kind = 'split' then product(value) else sum(value) end as value
    from actions
    group by source, symbol, action_date, kind
)

select * from final
