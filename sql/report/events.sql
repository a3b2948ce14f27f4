-- grain: one row per event
-- key:   event_id
-- reads: dim_events
-- units: none
select *
from dim_events
order by event_id
