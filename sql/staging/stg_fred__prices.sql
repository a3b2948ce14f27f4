-- grain: one row per bar of the batches of a symbol's newest vintage; a session may stand in several
-- key:   batch_id, row_number
-- reads: raw.fred_prices, staging.stg_batches
-- units: the close is a value in the unit of the series, see core.series; the rest is null
with

fred_prices as (
    select *
    from raw.fred_prices
    where batch_id in (select batch_id from staging.stg_batches)
),

final as (
    select
        batch_id,
        row_number,
        symbol,
        date as session_date,
        open,
        high,
        low,
        close,
        adj_close,
        volume,
        is_final
    from fred_prices
)

select * from final
