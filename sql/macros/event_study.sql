-- table: event_study(symbols, event_date, ...)
-- help:  abnormal returns day by day of one or more symbols around one or more dates or instants
-- grain: one row per date, symbol and day of the event window; one row for a pair that is not used
-- key:   event_id, symbol, relative_day
-- reads: study_days, asked_pairs
-- units: returns are decimals
select * exclude (group_value, expected_sign)
from study_days(
    asked_pairs(symbols, event_date),
    model, benchmark, est_from, est_to, day_from, day_to, min_obs, return_type
)
