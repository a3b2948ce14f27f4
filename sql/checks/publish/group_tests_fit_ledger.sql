-- check: group_tests_fit_ledger
-- table: mart.fct_group_tests
-- severity: fail
-- limit: 0
-- why: A group cannot hold fewer than no pairs, nor more than the study used.
with used as (
    select
        study_id,
        count(*) as n_used
    from mart.fct_study_securities
    where status = 'used'
    group by study_id
)

select
    tests.study_id,
    tests.group_by,
    tests.group_value,
    tests.window_start,
    tests.window_end,
    tests.test,
    tests.n,
    coalesce(used.n_used, 0) as n_used
from mart.fct_group_tests as tests
left join used on tests.study_id = used.study_id
where tests.n < 0 or tests.n > coalesce(used.n_used, 0)
