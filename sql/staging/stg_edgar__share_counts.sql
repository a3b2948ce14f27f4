-- grain: one row per count of shares that a filing states, of the newest version of each filer's facts
-- key:   batch_id, row_number
-- reads: raw.edgar_share_counts, staging.stg_batches
-- units: shares on the split basis of as_of_date
with

edgar_share_counts as (
    select *
    from raw.edgar_share_counts
    where batch_id in (select batch_id from staging.stg_batches)
),

final as (
    select
        batch_id,
        row_number,
        cik,
        symbol,
        concept,
        as_of_date,
        filed_date,
        shares_outstanding,
        form,
        accession
    from edgar_share_counts
)

select * from final
