-- question: Which events stand so close together that a window around one holds the others?
-- look at:  n_events of a cluster: its events share one reaction, so counting each of them counts it n times.
with

events as (
    select distinct
        fct_event_securities.event_id,
        fct_event_securities.event_session,
        dim_sessions.session_index
    from fct_event_securities
    inner join dim_securities on fct_event_securities.symbol = dim_securities.symbol
    inner join dim_sessions
        on
            dim_securities.exchange_mic = dim_sessions.exchange_mic
            and fct_event_securities.event_session = dim_sessions.session_date
    where fct_event_securities.symbol = 'NVDA' and fct_event_securities.status = 'used'
),

apart as (
    select
        *,
        session_index - lag(session_index) over (order by session_index, event_id) as sessions_since
    from events
),

numbered as (
    select
        *,
        sum((coalesce(sessions_since, 99) > 3)::integer) over (order by session_index, event_id) as cluster_number
    from apart
),

final as (
    select
        min(event_session) as first_session,
        max(event_session) as last_session,
        max(session_index) - min(session_index) + 1 as length_sessions,
        count(*) as n_events,
        string_agg(event_id, ', ' order by session_index, event_id) as events
    from numbered
    group by cluster_number
    having count(*) > 1
    order by n_events desc, first_session asc
)

select * from final
