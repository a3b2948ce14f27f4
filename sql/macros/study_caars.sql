-- table: study_caars(pairs, from_day, to_day, ...)
-- help:  tests of the mean cumulative abnormal return of each group of the pairs that study_pairs takes
-- grain: one row per group and test
-- key:   group_value, test
-- reads: study_cars, two_sided_t, two_sided_normal
-- units: returns are decimals
with

cars as (
    select
        *,
        case when is_complete then car end as complete_car,
        case when is_complete then scar end as complete_scar,
        df / nullif(greatest(df - 2.0, 0.0), 0.0) as inflation,
        len(list_filter(residuals, lambda residual: residual > 0)) / n_estimation_obs as positive_share
    from study_cars(
        pairs, from_day, to_day, model, benchmark, est_from, est_to, day_from, day_to, min_obs, return_type
    )
),

final as (
    select
        group_value,
        count(complete_car) as n,
        avg(complete_car) as caar,
        sqrt(count(complete_car)) * avg(complete_car) / stddev_samp(complete_car) as cross_sectional_t,
        sum(complete_scar) / sqrt(sum(inflation) filter (complete_scar is not null)) as patell_z,
        sqrt(count(complete_scar)) * avg(complete_scar) / stddev_samp(complete_scar) as bmp_t
    from cars
    group by group_value
)

select * from final
