-- grain: one row per bar of the batches of a symbol's newest vintage; a session may stand in several
-- key:   batch_id, row_number
-- reads: raw.binance_prices, staging.stg_batches
-- units: prices in the currency of the listing, volume in shares or units
with

binance_prices as (
    select *
    from raw.binance_prices
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
    from binance_prices
)

select * from final
