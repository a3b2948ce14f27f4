-- grain: one row per date and factor of the newest version of a file of the French data library
-- key:   batch_id, row_number
-- reads: raw.ken_french_factors, staging.stg_batches
-- units: returns in percent
with

ken_french_factors as (
    select *
    from raw.ken_french_factors
    where batch_id in (select batch_id from staging.stg_batches)
),

final as (
    select
        batch_id,
        row_number,
        dataset,
        factor_date,
        factor,
        value as value_pct,
        crsp_vintage,
        file_hash
    from ken_french_factors
)

select * from final
