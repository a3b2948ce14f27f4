-- table: event_caar_table(events, from_day, to_day, ...)
-- help:  tests of the mean cumulative abnormal return of each group of a table of events of yours, given by its name
-- grain: one row per value of the table's column group (all without one) and test
-- key:   group_value, test
-- reads: study_caars, listed_pairs
-- units: returns are decimals
select *
from study_caars(
    listed_pairs(events), from_day, to_day,
    model, benchmark, est_from, est_to, day_from, day_to, min_obs, return_type
)
