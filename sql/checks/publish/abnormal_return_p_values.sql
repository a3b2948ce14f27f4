-- check: abnormal_return_p_values
-- table: mart.fct_abnormal_returns
-- severity: fail
-- limit: 0
-- why: A p-value stands exactly where its statistic does.
select
    study_id,
    event_id,
    symbol,
    relative_day,
    std_abnormal_return,
    p_value
from mart.fct_abnormal_returns
where (std_abnormal_return is null) <> (p_value is null)
