-- grain: one row per bar of a live source; a session may stand in several batches of the vintage
-- key:   batch_id, row_number
-- reads: staging.stg_yahoo__prices, staging.stg_nasdaq__prices, staging.stg_coinbase__prices
-- reads: staging.stg_binance__prices, staging.stg_fred__prices, staging.stg_batches
-- units: prices in the currency of the listing, volume in shares or units
with

bars as (
    select
        'yahoo' as source,
        *
    from staging.stg_yahoo__prices
    union all by name
    select
        'nasdaq' as source,
        *
    from staging.stg_nasdaq__prices
    union all by name
    select
        'coinbase' as source,
        *
    from staging.stg_coinbase__prices
    union all by name
    select
        'binance' as source,
        *
    from staging.stg_binance__prices
    union all by name
    select
        'fred' as source,
        *
    from staging.stg_fred__prices
),

final as (
    select
        bars.*,
        batches.kind,
        batches.n_holders_since,
        batches.fetched_at,
        batches.known_from
    from bars
    inner join staging.stg_batches as batches on bars.batch_id = batches.batch_id
)

select * from final
