-- table: event_study_car_table(events, from_day, to_day, ...)
-- help:  cumulative abnormal return from from_day to to_day around the events of a table of yours, given by its name
-- grain: one row per row of the table
-- key:   event_id, symbol
-- reads: study_cars, listed_pairs
-- units: returns are decimals
select * exclude (pair_id, event_index, slope, estimation_dates, estimation_y, estimation_x)
from study_cars(
    listed_pairs(events), from_day, to_day,
    model, benchmark, est_from, est_to, day_from, day_to, min_obs, return_type
)
