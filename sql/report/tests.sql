-- grain: one row per study, group, window and test
-- key:   study_id, group_by, group_value, window_start, window_end, test
-- reads: fct_group_tests
-- units: returns are decimals
select *
from fct_group_tests
where group_by in ('event_id', 'theme', 'all')
order by study_id, group_by, group_value, window_start, window_end, test
