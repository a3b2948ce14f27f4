-- grain: one row per study
-- key:   study_id
-- reads: dim_studies
-- units: none
select *
from dim_studies
order by study_id
