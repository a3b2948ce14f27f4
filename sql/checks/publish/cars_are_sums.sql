-- check: cars_are_sums
-- table: mart.fct_event_cars
-- severity: fail
-- limit: 0
-- why: The abnormal returns of a window's days, those that have one, add up to its cumulative abnormal return.
with sums as (
    select
        cars.study_id,
        cars.event_id,
        cars.symbol,
        cars.window_start,
        cars.window_end,
        cars.car,
        cars.n_days,
        cars.is_complete,
        sum(days.abnormal_return) as sum_of_days,
        count(days.abnormal_return) as n_found
    from mart.fct_event_cars as cars
    left join mart.fct_abnormal_returns as days
        on
            cars.study_id = days.study_id
            and cars.event_id = days.event_id
            and cars.symbol = days.symbol
            and days.relative_day between cars.window_start and cars.window_end
    group by all
)

select *
from sums
where
    (car is null) <> (sum_of_days is null)
    or abs(car - sum_of_days) > 1e-9
    or n_days <> n_found
    or is_complete <> (n_found = window_end - window_start + 1)
