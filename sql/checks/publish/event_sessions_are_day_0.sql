-- check: event_sessions_are_day_0
-- table: mart.fct_event_securities
-- severity: fail
-- limit: 0
-- why: Day 0 of the ledger is the session of relative day 0, in every study.
with sessions as (
    select
        study_id,
        event_id,
        symbol,
        session_date as day_0
    from mart.fct_abnormal_returns
    where relative_day = 0
    union all
    select
        study_id,
        event_id,
        symbol,
        event_session as day_0
    from mart.fct_study_securities
)

select
    sessions.*,
    ledger.event_session
from sessions
inner join mart.fct_event_securities as ledger
    on sessions.event_id = ledger.event_id and sessions.symbol = ledger.symbol
where sessions.day_0 is distinct from ledger.event_session
