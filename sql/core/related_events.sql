-- grain: one row per event of the ledger, calendar and other event that is related to it and lies in its windows
-- key:   event_id, calendar, other_id
-- reads: core.ledger_windows, core.events, core.event_pairs, core.event_days
-- units: sessions; of the estimation window the nearest `confounders_listed` of a kind
with

-- Events are related by theme, by a security that both name, and each to every macro event. Days lie in buckets of 64
-- sessions, so that events meet those of their own years alone.
topics as (
    select
        event_id,
        'theme ' || theme as topic
    from core.events
    where theme is not null and theme != 'macro'
    union all
    select
        event_id,
        'security ' || symbol as topic
    from core.event_pairs
),

sought as (
    select
        event_id,
        topic
    from topics
    union all
    select
        event_id,
        'macro' as topic
    from core.events
),

offered as (
    select
        days.event_id as other_id,
        days.calendar,
        days.event_session as other_session,
        days.event_index as other_index,
        days.event_index // 64 as bucket,
        case when events.theme = 'macro' then 'macro' else topics.topic end as topic
    from core.event_days as days
    inner join core.events on days.event_id = events.event_id
    left join topics on days.event_id = topics.event_id
    where events.kind != 'outcome'
),

spans as (
    select
        event_id,
        calendar,
        min(event_index + event_start) as event_first,
        min(event_index + least(estimation_start, event_start)) as first_index,
        max(event_index + event_end) as last_index
    from core.ledger_windows
    group by event_id, calendar
),

spread as (
    select
        *,
        unnest(range(first_index // 64, last_index // 64 + 1)) as bucket
    from spans
),

found as (
    select distinct
        spread.event_id,
        spread.calendar,
        offered.other_id,
        offered.other_session,
        offered.other_index,
        offered.topic = 'macro' as is_macro,
        offered.other_index >= spread.event_first as is_near,
        spread.event_first
    from spread
    inner join sought on spread.event_id = sought.event_id
    inner join offered
        on
            spread.calendar = offered.calendar
            and spread.bucket = offered.bucket
            and sought.topic = offered.topic
            and spread.event_id != offered.other_id
            and offered.other_index between spread.first_index and spread.last_index
),

final as (
    select * exclude (event_first, is_near)
    from found
    qualify is_near or row_number() over (
        partition by event_id, calendar, is_macro, is_near
        order by other_index desc, other_id asc
    ) <= getvariable('confounders_listed')::bigint
)

select * from final
