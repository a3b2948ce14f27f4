-- grain: one row per corporate action of the newest vintage of each source's symbol
-- key:   batch_id, row_number
-- reads: raw.price_actions, staging.stg_batches
-- units: dividends and capital gains in currency per share, splits as new shares per old one
with

price_actions as (
    select *
    from raw.price_actions
    where batch_id in (select batch_id from staging.stg_batches)
),

batches as (
    select *
    from staging.stg_batches
),

final as (
    select
        price_actions.source,
        price_actions.symbol,
        price_actions.date as action_date,
        price_actions.kind,
        price_actions.value,
        price_actions.batch_id,
        price_actions.row_number
    from price_actions
    inner join batches on price_actions.batch_id = batches.batch_id
    -- A later batch may state an action again, or otherwise.
    qualify batches.known_from = max(batches.known_from) over (
        partition by price_actions.source, price_actions.symbol, price_actions.date, price_actions.kind
    )
)

select * from final
