-- check: study_ledger_reconciles
-- table: mart.fct_study_securities
-- severity: fail
-- limit: 0
-- why: A used pair has abnormal returns and cumulative abnormal returns, and no other pair has any.
with days as (
    select
        study_id,
        event_id,
        symbol,
        count(*) as n_days
    from mart.fct_abnormal_returns
    group by study_id, event_id, symbol
),

windows as (
    select
        study_id,
        event_id,
        symbol,
        count(*) as n_windows
    from mart.fct_event_cars
    group by study_id, event_id, symbol
),

pairs as (
    select
        study_id,
        event_id,
        symbol,
        ledger.status,
        coalesce(days.n_days, 0) as n_days,
        coalesce(windows.n_windows, 0) as n_windows
    from mart.fct_study_securities as ledger
    full join days using (study_id, event_id, symbol)
    full join windows using (study_id, event_id, symbol)
)

select *
from pairs
where
    status is null
    or (status = 'used' and (n_days = 0 or n_windows = 0))
    or (status <> 'used' and (n_days > 0 or n_windows > 0))
