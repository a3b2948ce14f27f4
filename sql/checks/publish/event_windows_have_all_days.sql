-- check: event_windows_have_all_days
-- table: mart.fct_study_securities
-- severity: fail
-- limit: 0
-- why: A used pair has one row for each day of the event window, a day without a return included.
with used as (
    select
        ledger.study_id,
        ledger.event_id,
        ledger.symbol,
        studies.event_start,
        studies.event_end
    from mart.fct_study_securities as ledger
    inner join mart.dim_studies as studies on ledger.study_id = studies.study_id
    where ledger.status = 'used'
),

days as (
    select
        study_id,
        event_id,
        symbol,
        count(*) as n_days,
        min(relative_day) as first_day,
        max(relative_day) as last_day
    from mart.fct_abnormal_returns
    group by study_id, event_id, symbol
)

select
    used.*,
    days.n_days,
    days.first_day,
    days.last_day
from used
left join days using (study_id, event_id, symbol)
where
    days.n_days is distinct from used.event_end - used.event_start + 1
    or days.first_day is distinct from used.event_start
    or days.last_day is distinct from used.event_end
