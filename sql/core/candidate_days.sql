-- grain: one row per candidate event and calendar on which it has a day 0
-- key:   candidate_id, calendar
-- reads: core.candidate_facts, core.calendar_sessions
-- units: sessions
with

calendars as (
    select distinct calendar from core.calendar_sessions
),

asked as (
    select
        facts.candidate_id,
        facts.available_at,
        calendars.calendar
    from core.candidate_facts as facts
    cross join calendars
),

final as (
    select
        asked.candidate_id,
        asked.calendar,
        sessions.session_index
    from asked
    asof inner join core.calendar_sessions as sessions
        on asked.calendar = sessions.calendar and asked.available_at < sessions.closes_at
    where asked.available_at >= sessions.previous_closes_at
)

select * from final
