-- grain: one row per event, exchange of its securities and session around its day 0
-- key:   event_id, exchange_mic, session_date
-- reads: dim_sessions, dim_events, dim_securities, fct_event_securities
-- units: instants are UTC
with days as (
    select
        event_id,
        min(event_session) as first_day,
        max(event_session) as last_day
    from fct_event_securities
    group by event_id
)

select distinct
    days.event_id,
    dim_sessions.*
from days
inner join fct_event_securities as pairs on days.event_id = pairs.event_id
inner join dim_securities on pairs.symbol = dim_securities.symbol
inner join dim_events on days.event_id = dim_events.event_id
inner join dim_sessions
    on
        dim_securities.exchange_mic = dim_sessions.exchange_mic
        and dim_sessions.session_date between
        least(days.first_day, coalesce(dim_events.available_at::date, days.first_day)) - 1
        and least(days.last_day, days.first_day + 14) + 1
order by days.event_id, dim_sessions.exchange_mic, dim_sessions.session_date
