-- grain: one row per event
-- key:   event_id
-- reads: staging.stg_catalogue__events, staging.stg_files__events
-- units: instants in UTC
with

catalogue_events as (
    select
        event_id,
        title,
        occurred_at,
        available_at,
        available_by,
        event_date,
        precision,
        kind,
        theme,
        'catalogue' as source,
        url,
        verified,
        note
    from staging.stg_catalogue__events
),

-- The securities of a listed event may have different dates; the event then shows the earliest. A list that names an
-- event of the catalogue adds securities to it, and no second event.
listed_events as (
    select
        event_id,
        coalesce(min(title), event_id) as title,
        min(occurred_at) as occurred_at,
        min(occurred_at) as available_at,
        min(occurred_at) as available_by,
        min(event_date) as event_date,
        case when min(occurred_at) is null then 'day' else 'minute' end as precision,
        'news' as kind,
        min(attributes ->> '$.theme') as theme,
        'list' as source,
        null::varchar as url,
        null::varchar as verified,
        null::varchar as note
    from staging.stg_files__events
    anti join catalogue_events using (event_id)
    where event_id is not null
    group by event_id
),

final as (
    select * from catalogue_events
    union all
    select * from listed_events
)

select * from final
