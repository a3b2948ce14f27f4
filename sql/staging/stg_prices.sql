-- grain: one row per final price row of the run's source, under the symbol by which the source calls it
-- key:   batch_id, row_number
-- reads: staging.stg_sample__prices, staging.stg_files__prices, staging.stg_live__prices, seed.sample_datasets
-- units: prices in the currency of the listing, volume in shares or units
with

sample_prices as (
    select
        'sample' as source,
        sample.batch_id,
        sample.row_number,
        datasets.symbol,
        sample.* exclude (batch_id, row_number, dataset)
    from staging.stg_sample__prices as sample
    left join seed.sample_datasets as datasets on sample.dataset = datasets.dataset
    where getvariable('price_source') = 'sample'
),

files_prices as (
    select
        'files' as source,
        *
    from staging.stg_files__prices
    where getvariable('price_source') = 'files'
),

live_prices as (
    select * exclude (n_holders_since)
    from staging.stg_live__prices
    where source = getvariable('price_source')
),

final as (
    select * from sample_prices
    union all by name
    select * from files_prices
    union all by name
    select * from live_prices
)

select * from final
