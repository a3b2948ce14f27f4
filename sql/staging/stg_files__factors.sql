-- grain: one row per row of the newest version of a factor of the user's files
-- key:   batch_id, row_number
-- reads: raw.files_factors, staging.stg_batches
-- units: returns in the unit of the file
with

files_factors as (
    select *
    from raw.files_factors
    where batch_id in (select batch_id from staging.stg_batches)
),

final as (
    select
        batch_id,
        row_number,
        factor_date,
        factor,
        value,
        unreadable
    from files_factors
)

select * from final
