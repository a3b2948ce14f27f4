-- grain: one row per study, event, symbol and window
-- key:   study_id, event_id, symbol, window_start, window_end
-- reads: fct_event_cars
-- units: returns are decimals
select *
from fct_event_cars
order by study_id, event_id, symbol, window_start, window_end
