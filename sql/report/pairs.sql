-- grain: one row per event and symbol asked for
-- key:   event_id, symbol
-- reads: fct_event_securities
-- units: none
select *
from fct_event_securities
order by event_id, symbol
