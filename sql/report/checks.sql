-- grain: one row per run, gate, table and check
-- key:   run_id, gate, table_name, check_name
-- reads: quality_checks
-- units: rows
select *
from quality_checks
order by run_id, gate, table_name, check_name
