-- question: The essay names several lines of attack on Nvidia's margins. Which of them has moved Nvidia, and is
--           DeepSeek's (efficiency_breakthrough) different from the rest?
-- look at:  mean_abnormal against median_abnormal: one day (2025-01-27) makes most of the efficiency theme.
--           Events of one theme and session count once. p_bmp is of all pairs of the theme, not of Nvidia
--           alone, and allows for securities that move together.
with

days as (
    select
        dim_events.theme,
        fct_event_securities.event_session,
        any_value(fct_event_cars.car) as car,
        any_value(fct_event_cars.p_value) as p_value
    from fct_event_cars
    inner join dim_events on fct_event_cars.event_id = dim_events.event_id
    inner join fct_event_securities
        on
            fct_event_cars.event_id = fct_event_securities.event_id
            and fct_event_cars.symbol = fct_event_securities.symbol
    where
        fct_event_cars.study_id like 'catalogue-%'
        and fct_event_cars.symbol = 'NVDA'
        and fct_event_cars.window_start = 0 and fct_event_cars.window_end = 0
    group by dim_events.theme, fct_event_securities.event_session
),

tests as (
    select
        group_value as theme,
        p_value as p_bmp
    from fct_group_tests
    where
        study_id like 'catalogue-%' and group_by = 'theme' and window_start = 0 and window_end = 0
        and test = 'bmp_t_adjusted'
),

final as (
    select
        days.theme,
        count(*) as n_days,
        avg(days.car) as mean_abnormal,
        median(days.car) as median_abnormal,
        avg((days.car < 0)::integer) as share_negative,
        count(*) filter (where days.p_value < 0.05) as n_significant,
        min_by(days.event_session, days.car) as worst_day,
        min(days.car) as worst_abnormal,
        any_value(tests.p_bmp) as p_bmp
    from days
    left join tests on days.theme = tests.theme
    group by days.theme
    order by mean_abnormal
)

select * from final
