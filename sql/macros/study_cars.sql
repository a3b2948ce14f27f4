-- table: study_cars(pairs, from_day, to_day, ..., other_problem := null)
-- help:  cumulative and buy-and-hold abnormal return over one window of the pairs that study_pairs takes
-- grain: one row per pair
-- key:   event_id, symbol
-- reads: study_pairs, two_sided_t, window_problem
-- units: returns are decimals
with

pairs_of_study as (
    select
        *,
        list_filter(
            event_days,
            lambda day: day.y is not null and day.relative_day between from_day and to_day
        ) as days
    from study_pairs(
        pairs, model, benchmark, est_from, est_to,
        coalesce(day_from, least(from_day, 0)), coalesce(day_to, greatest(to_day, 0)), min_obs, return_type,
        coalesce(window_problem(from_day, to_day, day_from, day_to), other_problem)
    )
),

summed as (
    select
        *,
        len(days) as n_days,
        list_sum(list_transform(days, lambda day: day.y - alpha - slope * day.x)) as sum_of_days,
        list_sum(list_transform(days, lambda day: day.x)) as sum_x,
        list_transform(days, lambda day: day.actual_return) as actual,
        list_transform(days, lambda day: day.actual_return - (day.y - alpha - slope * day.x)) as expected
    from pairs_of_study
),

cumulated as (
    select
        *,
        case when n_days > 0 then sum_of_days end as car,
        case
            when n_days > 0
                then
                    sigma * sqrt(n_days + n_days ** 2 * mean_leverage + (sum_x - n_days * mean_x) ** 2 * inverse_sxx)
        end as car_se,
        n_days > 0 and n_days = to_day - from_day + 1 as is_complete
    from summed
),

standardised as (
    select
        *,
        case when car_se > 0 then car / car_se end as scar
    from cumulated
),

final as (
    select
        event_id,
        symbol,
        event_session,
        from_day as window_start,
        to_day as window_end,
        car,
        car_se,
        scar,
        scar as t_stat,
        two_sided_t(scar, df) as p_value,
        case
            when is_complete and return_type = 'log' then exp(list_sum(actual)) - exp(list_sum(expected))
            when is_complete
                then
                    list_product(list_transform(actual, lambda r: 1 + r))
                    - list_product(list_transform(expected, lambda r: 1 + r))
        end as bhar,
        benchmark_symbol,
        alpha,
        beta,
        case when status = 'used' then sigma end as sigma,
        n_estimation_obs,
        df,
        n_days,
        is_complete,
        status,
        reason,
        group_value,
        expected_sign,
        event_index,
        pair_id,
        slope,
        estimation_dates,
        estimation_y,
        estimation_x
    from standardised
    order by pair_id
)

select * from final
