-- grain: one row per study, event and symbol asked for
-- key:   study_id, event_id, symbol
-- reads: fct_study_securities
-- units: returns are decimals
select *
from fct_study_securities
order by study_id, event_id, symbol
