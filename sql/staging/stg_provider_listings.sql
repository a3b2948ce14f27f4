-- grain: one row per source, symbol and security that it named: what the provider said last of each
-- key:   source, symbol, n_holders_since
-- reads: raw.provider_listings, staging.stg_batches
-- units: dates are exchange-local
with

provider_listings as (
    select *
    from raw.provider_listings
    where batch_id in (select batch_id from staging.stg_batches)
),

batches as (
    select *
    from staging.stg_batches
),

final as (
    select
        provider_listings.source,
        provider_listings.symbol,
        batches.n_holders_since,
        provider_listings.currency,
        provider_listings.exchange,
        provider_listings.time_zone,
        provider_listings.kind,
        provider_listings.first_date
    from provider_listings
    inner join batches on provider_listings.batch_id = batches.batch_id
)

select * from final
