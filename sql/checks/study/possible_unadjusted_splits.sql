-- check: possible_unadjusted_splits
-- table: core.returns
-- severity: warn
-- limit: 0
-- why: 2026-11-23, one of 164,210 market returns lies within 2 % of the log of a usual split ratio; a step like that
--      which the next session does not take back may be a split that the price basis lacks.
with steps as (
    select
        symbol,
        session_date,
        log_return,
        lead(log_return) over listing as next_log_return
    from core.returns
    window listing as (partition by symbol order by session_date)
),

ratios as (
    select unnest([2, 3, 4, 5, 10, 20]) as split_ratio
)

select
    steps.*,
    ratios.split_ratio
from steps
inner join ratios on abs(abs(steps.log_return) / ln(ratios.split_ratio) - 1) < 0.02
where
    steps.next_log_return is null
    or abs(steps.log_return + steps.next_log_return) > 0.1 * abs(steps.log_return)
