-- grain: one row per row of the newest version of a symbol's file prices
-- key:   batch_id, row_number
-- reads: raw.files_prices, staging.stg_batches
-- units: prices in the currency of the listing, volume in shares or units
with

files_prices as (
    select *
    from raw.files_prices
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
        unreadable
    from files_prices
)

select * from final
