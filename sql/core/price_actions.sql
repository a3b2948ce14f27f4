-- grain: one row per source, published symbol, day and kind of corporate action
-- key:   source, symbol, action_date, kind
-- reads: staging.stg_price_actions, core.price_holders
-- units: dividends and capital gains in currency per share, splits as new shares per old one
with

-- A row that an answer repeats is one action; different amounts of one day are several.
actions as (
    select distinct
        stated.source,
        coalesce(holders.published_symbol, stated.symbol) as symbol,
        stated.action_date,
        stated.kind,
        stated.value
    from staging.stg_price_actions as stated
    left join core.price_holders as holders
        on
            stated.symbol = holders.symbol
            and stated.action_date >= holders.valid_from
            and stated.action_date < holders.valid_until
    where stated.value > 0 and isfinite(stated.value)
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
