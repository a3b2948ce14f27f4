-- check: car_t_stats_match
-- table: mart.fct_event_cars
-- severity: fail
-- limit: 0
-- why: A t statistic is the cumulative abnormal return over its standard error.
with ratios as (
    select
        study_id,
        event_id,
        symbol,
        window_start,
        window_end,
        car,
        car_se,
        t_stat,
        car / nullif(car_se, 0) as ratio
    from mart.fct_event_cars
)

select *
from ratios
where t_stat is not null and (ratio is null or abs(t_stat - ratio) > 1e-9 * greatest(1, abs(ratio)))
