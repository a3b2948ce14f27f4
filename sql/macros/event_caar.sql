-- table: event_caar(symbols, event_date, from_day, to_day, ...)
-- help:  tests of the mean cumulative abnormal return over all given symbols and dates
-- grain: one row per test
-- key:   test
-- reads: study_caars, asked_pairs
-- units: returns are decimals
select * exclude (group_value)
from study_caars(
    asked_pairs(symbols, event_date), from_day, to_day,
    model, benchmark, est_from, est_to, day_from, day_to, min_obs, return_type
)
