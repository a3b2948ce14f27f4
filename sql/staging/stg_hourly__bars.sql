-- grain: one row per bar of an hour of a live source; an hour may stand in several batches and vintages
-- key:   batch_id, row_number
-- reads: raw.hourly_prices, staging.stg_hourly__batches
-- units: prices in the currency of the listing, volume in shares or units; instants in UTC
with

final as (
    select
        hourly_prices.*,
        batches.kind,
        batches.vintage,
        batches.is_newest,
        batches.fetched_at,
        batches.known_from
    from raw.hourly_prices as hourly_prices
    inner join staging.stg_hourly__batches as batches on hourly_prices.batch_id = batches.batch_id
)

select * from final
