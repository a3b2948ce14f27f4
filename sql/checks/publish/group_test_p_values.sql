-- check: group_test_p_values
-- table: mart.fct_group_tests
-- severity: fail
-- limit: 0
-- why: A p-value stands exactly where its statistic does.
select
    study_id,
    group_by,
    group_value,
    window_start,
    window_end,
    test,
    statistic,
    p_value
from mart.fct_group_tests
where (statistic is null) <> (p_value is null)
