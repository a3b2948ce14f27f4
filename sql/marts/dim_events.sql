-- grain: one row per event
-- key:   event_id
-- reads: core.events
-- units: instants in UTC
with

final as (
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
        source,
        url,
        verified,
        note
    from core.events
)

select * from final
