-- grain: one row per security and session whose standardised abnormal return passes `mover_threshold`
-- key:   symbol, session_date
-- reads: study.day_reactions, core.session_news, core.event_pairs, core.event_sessions, core.event_days
-- reads: core.events, core.securities
-- units: returns are decimals
with

movers as (
    select
        *,
        abs(std_abnormal_return) as size
    from study.day_reactions
    where is_mover
),

-- Those that name the security, and those that are about every security.
events_of_sessions as (
    select
        event_sessions.symbol,
        event_sessions.event_session as session_date,
        event_sessions.event_id
    from core.event_sessions
    inner join core.event_pairs
        on event_sessions.event_id = event_pairs.event_id and event_sessions.symbol = event_pairs.symbol
    union
    select
        securities.symbol,
        event_days.event_session as session_date,
        event_days.event_id
    from core.event_days
    inner join core.events on event_days.event_id = events.event_id
    inner join core.securities on event_days.calendar = coalesce(securities.exchange_mic, '=' || securities.symbol)
    where events.theme = 'macro'
),

of_sessions as (
    select
        named.symbol,
        named.session_date,
        list(named.event_id order by named.event_id) as event_ids
    from events_of_sessions as named
    inner join core.events on named.event_id = events.event_id
    where events.kind != 'outcome'
    group by named.symbol, named.session_date
),

earlier as (
    select
        movers.symbol,
        movers.session_date,
        count(*) as n_as_large_before
    from movers
    inner join movers as others
        on
            movers.symbol = others.symbol
            and movers.session_index > others.session_index
            and movers.size <= others.size
    group by movers.symbol, movers.session_date
),

final as (
    select
        movers.* exclude (session_index, is_mover, size),
        rank() over (partition by movers.session_date order by movers.size desc) as session_rank,
        coalesce(earlier.n_as_large_before, 0) as n_as_large_before,
        coalesce(len(of_sessions.event_ids), 0) as n_events,
        coalesce(to_json(of_sessions.event_ids), '[]')::varchar as event_ids,
        coalesce(session_news.n_news, 0) as n_news,
        session_news.top_news_id,
        session_news.top_news_title
    from movers
    left join earlier on movers.symbol = earlier.symbol and movers.session_date = earlier.session_date
    left join of_sessions on movers.symbol = of_sessions.symbol and movers.session_date = of_sessions.session_date
    left join core.session_news
        on movers.symbol = session_news.symbol and movers.session_date = session_news.session_date
)

select * from final
