-- table: event_study_table(events, ...)
-- help:  abnormal returns day by day around the events of a table of yours, given by its name
-- grain: one row per row of the table and day of the event window; one row for a pair that is not used
-- key:   event_id, symbol, relative_day
-- reads: study_days, listed_pairs
-- units: returns are decimals
select *
from study_days(listed_pairs(events), model, benchmark, est_from, est_to, day_from, day_to, min_obs, return_type)
