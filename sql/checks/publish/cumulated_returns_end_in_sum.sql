-- check: cumulated_returns_end_in_sum
-- table: mart.fct_abnormal_returns
-- severity: fail
-- limit: 0
-- why: The last cumulated abnormal return of an event window is the sum of the window's abnormal returns.
with ends as (
    select
        study_id,
        event_id,
        symbol,
        sum(abnormal_return) as sum_of_days,
        max_by(cum_abnormal_return, relative_day) as cum_at_end
    from mart.fct_abnormal_returns
    group by study_id, event_id, symbol
)

select *
from ends
where
    abs(cum_at_end - sum_of_days) > 1e-9
    or (cum_at_end is null and sum_of_days is not null)
