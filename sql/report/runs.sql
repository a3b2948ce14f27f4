-- grain: one row per run
-- key:   run_id
-- reads: runs
-- units: none
select *
from runs
order by started_at
