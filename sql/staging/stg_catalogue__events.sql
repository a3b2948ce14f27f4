-- grain: one row per event of the newest version of each catalogue file
-- key:   event_id
-- reads: raw.catalogue_events, staging.stg_batches
-- units: instants in UTC
with

catalogue_events as (
    select *
    from raw.catalogue_events
    where batch_id in (select batch_id from staging.stg_batches)
),

final as (
    select
        event_id,
        title,
        occurred_at,
        coalesce(available_at, occurred_at) as available_at,
        coalesce(available_by, available_at, occurred_at) as available_by,
        event_date,
        precision,
        kind,
        theme,
        url,
        urls,
        verified,
        note,
        tickers,
        batch_id
    from catalogue_events
)

select * from final
