-- table: placebo_test(symbols, event_date, from_day := 0, to_day := 0, n_dates := 1000, step := 1, ...)
-- help:  the cumulative abnormal return of the event among those of the same security on earlier dates
-- grain: one row per date asked for; an earlier date counts if its event window ends before that of the event starts
-- grain: and it could be used itself; n_dates of them are looked at, every step-th session, the latest first
-- key:   event_id, symbol
-- reads: fct_returns, study_sessions, study_cars, asked_pairs
-- units: returns are decimals; p_value is (1 + dates with a CAR of at least this size) / (1 + dates)
with

asked as (
    select * from study_sessions(asked_pairs(symbols, event_date))
),

earlier as (
    select
        asked.pair_id,
        returns.symbol,
        returns.session_date
    from asked
    inner join fct_returns as returns
        on
            asked.symbol = returns.symbol
            and returns.session_index
            <= asked.event_index - coalesce(day_to, greatest(to_day, 0)) + coalesce(day_from, least(from_day, 0)) - 1
            and (asked.event_index - returns.session_index) % nullif(step, 0) = 0
    qualify row_number() over (partition by asked.pair_id order by returns.session_date desc) <= n_dates
),

all_dates as (
    select
        pair_id as asked_id,
        true as is_event,
        event_id,
        asked.symbol as security,
        event_at
    from asked
    union all
    select
        pair_id as asked_id,
        false as is_event,
        null as event_id,
        earlier.symbol as security,
        session_date::varchar as event_at
    from earlier
),

cars as (
    select *
    from study_cars(
        (
            select
                list(
                    struct_pack(
                        event_id := event_id,
                        symbol := security,
                        event_at := event_at,
                        group_value := asked_id::varchar,
                        expected_sign := is_event::varchar
                    )
                    order by asked_id asc, is_event desc
                )
            from all_dates
        ),
        from_day, to_day, model, benchmark, est_from, est_to, day_from, day_to, min_obs, return_type,
        case
            when not coalesce(n_dates >= 1 and step >= 1, false)
                then
                    concat(
                        'n_dates is ', coalesce(n_dates::varchar, 'null'), ' and step is ',
                        coalesce(step::varchar, 'null'), '; expected whole numbers from 1'
                    )
        end
    )
),

events as (
    select * from cars
    where cars.expected_sign = 'true'
),

counted as (
    select
        events.group_value,
        count(placebo.car) as dates_used,
        count(*) filter (abs(placebo.car) >= abs(events.car) * (1.0 - 1e-10)) as n_beyond,
        sqrt(avg(placebo.car ** 2)) as root_mean_square
    from events
    left join cars as placebo
        on
            events.group_value = placebo.group_value
            and placebo.expected_sign = 'false'
            and placebo.is_complete
    group by events.group_value
),

final as (
    select
        events.event_id,
        events.symbol,
        events.event_session,
        from_day as window_start,
        to_day as window_end,
        'placebo_p' as test,
        case when dates_used > 0 then events.car / root_mean_square end as statistic,
        case when dates_used > 0 and events.car is not null then (1.0 + n_beyond) / (1.0 + dates_used) end as p_value,
        events.car,
        dates_used as n_placebo_dates,
        dates_used >= 19 and events.car is not null as is_valid,
        case
            when events.status = 'used' and dates_used < 19
                then concat(dates_used, ' earlier dates cannot reject at 5 %: that takes 19')
        end as note,
        events.status,
        events.reason
    from events
    inner join counted on events.group_value = counted.group_value
    order by events.group_value::integer
)

select * from final
