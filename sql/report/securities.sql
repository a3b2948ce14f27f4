-- grain: one row per symbol
-- key:   symbol
-- reads: dim_securities
-- units: none
select *
from dim_securities
order by symbol
