-- grain: one row per security and thing with a day that may move it: events that name it, results, ex-dates
-- key:   symbol, occurrence_id
-- reads: core.event_pairs, core.event_sessions, core.events, core.results_days
-- reads: core.price_actions, core.securities, core.calendar_sessions
-- units: dates are exchange-local
with

-- An outcome is a move of the market, studied itself and never a cause.
events_named as (
    select
        event_pairs.symbol,
        event_pairs.event_id as occurrence_id,
        case when events.theme in ('earnings', 'macro') then events.theme else 'own' end as kind,
        events.title,
        event_sessions.event_session as session_date,
        event_sessions.event_index as session_index,
        true as is_named
    from core.event_pairs
    inner join core.events on event_pairs.event_id = events.event_id
    inner join core.event_sessions
        on event_pairs.event_id = event_sessions.event_id and event_pairs.symbol = event_sessions.symbol
    where events.kind != 'outcome' and event_sessions.event_index is not null
),

results as (
    select
        symbol,
        result_id as occurrence_id,
        'earnings' as kind,
        title,
        session_date,
        session_index,
        false as is_named
    from core.results_days
),

actions as (
    select
        actions.symbol,
        actions.kind || ':' || actions.symbol || ':' || actions.action_date as occurrence_id,
        actions.kind || ' of ' || actions.value as title,
        actions.action_date,
        coalesce(securities.exchange_mic, '=' || securities.symbol) as calendar
    from core.price_actions as actions
    inner join core.securities on actions.symbol = securities.symbol
    qualify row_number() over (
        partition by actions.symbol, actions.kind, actions.action_date
        order by actions.source != securities.source, actions.source
    ) = 1
),

ex_dates as (
    select
        actions.symbol,
        actions.occurrence_id,
        'ex_date' as kind,
        actions.title,
        calendar_sessions.session_date,
        calendar_sessions.session_index,
        false as is_named
    from actions
    asof inner join core.calendar_sessions
        on actions.calendar = calendar_sessions.calendar and actions.action_date <= calendar_sessions.session_date
),

final as (
    select * from events_named
    union all
    select * from results
    union all
    select * from ex_dates
)

select * from final
