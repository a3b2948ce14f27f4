-- grain: one row per event and security that it names, with a day 0
-- key:   event_id, symbol
-- reads: core.event_pairs, core.event_sessions, study.day_reactions, core.session_news
-- units: returns are decimals
with

final as (
    select
        event_pairs.event_id,
        event_pairs.symbol,
        event_sessions.event_session as session_date,
        event_pairs.expected_sign,
        case
            when reactions.std_abnormal_return is null then 'not_measured'
            when reactions.is_mover then 'mover'
            else 'quiet'
        end as reaction,
        reactions.model,
        reactions.benchmark_symbol,
        reactions.abnormal_return,
        reactions.std_abnormal_return,
        reactions.p_value,
        coalesce(session_news.n_news, 0) as n_news
    from core.event_pairs
    inner join core.event_sessions
        on event_pairs.event_id = event_sessions.event_id and event_pairs.symbol = event_sessions.symbol
    left join study.day_reactions as reactions
        on event_pairs.symbol = reactions.symbol and event_sessions.event_session = reactions.session_date
    left join core.session_news
        on event_pairs.symbol = session_news.symbol and event_sessions.event_session = session_news.session_date
    where event_sessions.event_session is not null
)

select * from final
