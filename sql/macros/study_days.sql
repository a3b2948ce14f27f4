-- table: study_days(pairs, ...)
-- help:  abnormal returns day by day of the pairs that study_pairs takes
-- grain: one row per pair and day of the event window; one row for a pair that is not used
-- key:   event_id, symbol, relative_day
-- reads: study_pairs, two_sided_t, dim_sessions
-- units: returns are decimals
with

-- What is not needed is left out before the lists are unnested, so that it is never gathered.
pairs_of_study as (
    select * exclude (estimation_dates, estimation_y, estimation_x)
    from study_pairs(pairs, model, benchmark, est_from, est_to, day_from, day_to, min_obs, return_type)
),

-- A session without a price has a row too.
filled as (
    select
        *,
        case
            when status != 'used' then [null]
            when len(event_days) = day_to - day_from + 1 then event_days
            else
                list_concat(
                    event_days,
                    list_transform(
                        list_filter(
                            range(day_from, day_to + 1),
                            lambda number:
                            not list_contains(list_transform(event_days, lambda day: day.relative_day), number)
                        ),
                        lambda number:
                        struct_pack(
                            relative_day := number, session_date := null, actual_return := null, y := null, x := null
                        )
                    )
                )
        end as every_day
    from pairs_of_study
),

days as (
    select
        * exclude (every_day, event_days),
        unnest(every_day) as day
    from filled
),

dated as (
    select
        days.*,
        day.relative_day as relative_day,
        coalesce(day.session_date, sessions.session_date) as session_date,
        day.y - alpha - slope * day.x as abnormal_return,
        sigma * sqrt(1.0 + mean_leverage + (day.x - mean_x) ** 2 * inverse_sxx) as se
    from days
    left join dim_sessions as sessions
        on
            days.exchange_mic = sessions.exchange_mic
            and days.event_index + days.day.relative_day = sessions.session_index
            and sessions.session_date between days.first_session and days.last_session
),

standardised as (
    select
        *,
        case when abnormal_return is not null then se end as abnormal_return_se,
        case when se > 0 then abnormal_return / se end as std_abnormal_return,
        case when abnormal_return is not null then sum(abnormal_return) over until_day end as cum_abnormal_return,
        case
            when abnormal_return is not null
                then
                    sigma * sqrt(
                        count(abnormal_return) over until_day
                        + (count(abnormal_return) over until_day) ** 2 * mean_leverage
                        + (sum(day.x - mean_x) filter (abnormal_return is not null) over until_day) ** 2 * inverse_sxx
                    )
        end as cum_abnormal_return_se
    from dated
    window until_day as (partition by pair_id order by relative_day)
),

final as (
    select
        event_id,
        symbol,
        event_session,
        relative_day,
        session_date,
        day.actual_return as actual_return,
        day.actual_return - abnormal_return as expected_return,
        abnormal_return,
        abnormal_return_se,
        std_abnormal_return,
        two_sided_t(std_abnormal_return, df) as p_value,
        cum_abnormal_return,
        cum_abnormal_return_se,
        benchmark_symbol,
        alpha,
        beta,
        case when status = 'used' then sigma end as sigma,
        n_estimation_obs,
        df,
        status,
        reason,
        group_value,
        expected_sign
    from standardised
    order by pair_id, relative_day
)

select * from final
