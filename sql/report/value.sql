-- grain: one row per event and symbol with a known share count
-- key:   event_id, symbol
-- reads: fct_value_impact
-- units: dollars
select *
from fct_value_impact
order by event_id, symbol
