-- table: event_study_car(symbols, event_date, from_day, to_day, ...)
-- help:  cumulative abnormal return from from_day to to_day of one or more symbols around one or more dates or instants
-- grain: one row per date and symbol
-- key:   event_id, symbol
-- reads: study_cars, asked_pairs
-- units: returns are decimals
select * exclude (group_value, expected_sign, pair_id, event_index, slope, estimation_dates, estimation_y, estimation_x)
from study_cars(
    asked_pairs(symbols, event_date), from_day, to_day,
    model, benchmark, est_from, est_to, day_from, day_to, min_obs, return_type
)
