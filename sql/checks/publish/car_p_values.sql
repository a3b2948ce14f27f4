-- check: car_p_values
-- table: mart.fct_event_cars
-- severity: fail
-- limit: 0
-- why: A p-value stands exactly where its statistic does.
select
    study_id,
    event_id,
    symbol,
    window_start,
    window_end,
    t_stat,
    p_value
from mart.fct_event_cars
where (t_stat is null) <> (p_value is null)
