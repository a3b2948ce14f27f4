-- grain: one row per event and security of the ledger with a day 0
-- key:   event_id, symbol
-- reads: study.securities, study.studies, core.event_sessions, core.securities
-- units: windows in sessions from day 0, the widest of the studies that asked
with

windows as (
    select
        securities.event_id,
        securities.symbol,
        min(studies.estimation_start) as estimation_start,
        max(studies.estimation_end) as estimation_end,
        min(studies.event_start) as event_start,
        max(studies.event_end) as event_end
    from study.securities
    inner join study.studies on securities.study_id = studies.study_id
    group by securities.event_id, securities.symbol
),

final as (
    select
        windows.*,
        event_sessions.event_index,
        coalesce(securities.exchange_mic, '=' || securities.symbol) as calendar
    from windows
    inner join core.event_sessions
        on windows.event_id = event_sessions.event_id and windows.symbol = event_sessions.symbol
    inner join core.securities on windows.symbol = securities.symbol
    where event_sessions.event_index is not null
)

select * from final
