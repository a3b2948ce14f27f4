-- grain: one row per event and symbol asked for by any study
-- key:   event_id, symbol
-- reads: study.securities, core.event_sessions, core.event_pairs, core.confounders
-- units: n_confounders counts events
with

ledger as (
    select
        securities.event_id,
        securities.symbol,
        count(*) as n_studies,
        count(*) filter (where securities.status = 'used') as n_used,
        count(*) filter (where securities.status = 'pending') as n_pending,
        min_by(securities.reason, securities.study_id) filter (where securities.status = 'pending') as pending_reason,
        min_by(securities.reason, securities.study_id) filter (where securities.status = 'excluded') as excluded_reason
    from study.securities
    group by securities.event_id, securities.symbol
),

-- Of what fct_confounders lists: the catalogue's events of the event window that name the security.
confounders as (
    select
        event_id,
        symbol,
        count(*) as n_confounders
    from core.confounders
    where is_named and in_window = 'event'
    group by event_id, symbol
),

final as (
    select
        ledger.event_id,
        ledger.symbol,
        event_sessions.event_session,
        event_sessions.day0_rule,
        event_pairs.expected_sign,
        case when n_used > 0 then 'used' when n_pending > 0 then 'pending' else 'excluded' end as status,
        case
            when n_used = n_studies then null
            when n_used > 0
                then
                    'used in ' || n_used || ' of ' || n_studies || ' studies; else '
                    || coalesce(excluded_reason, pending_reason)
            when n_pending > 0 then pending_reason
            else excluded_reason
        end as reason,
        coalesce(confounders.n_confounders, 0) as n_confounders
    from ledger
    inner join core.event_sessions
        on ledger.event_id = event_sessions.event_id and ledger.symbol = event_sessions.symbol
    left join core.event_pairs
        on ledger.event_id = event_pairs.event_id and ledger.symbol = event_pairs.symbol
    left join confounders
        on ledger.event_id = confounders.event_id and ledger.symbol = confounders.symbol
)

select * from final
