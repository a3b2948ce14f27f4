-- grain: one row per item of an answer and version, with when it was fetched
-- key:   batch_id, row_number
-- reads: raw.news_items, staging.stg_batches
-- units: instants in UTC
with

news_items as (
    select *
    from raw.news_items
    where batch_id in (select batch_id from staging.stg_batches)
),

final as (
    select
        news_items.*,
        batches.object,
        batches.fetched_at
    from news_items
    inner join staging.stg_batches as batches on news_items.batch_id = batches.batch_id
)

select * from final
