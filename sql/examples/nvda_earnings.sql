-- question: How did Nvidia take its twelve earnings reports from fiscal 2023 to 2026, and what was it in money?
-- look at:  the sizes of 2023 and early 2024 against those after: the surprise was spent. value_change_usd is null
--           where no share count is known.
with

cars as (
    select *
    from fct_event_cars
    where
        study_id like 'catalogue-%' and symbol = 'NVDA' and window_start = 0 and window_end = 0
        and event_id like 'nvda-fy%-results'
),

final as (
    select
        fct_event_securities.event_session,
        cars.event_id,
        cars.car,
        cars.car_se,
        cars.t_stat,
        cars.df,
        cars.p_value,
        fct_value_impact.value_change_usd,
        fct_value_impact.abnormal_value_usd
    from cars
    inner join fct_event_securities
        on cars.event_id = fct_event_securities.event_id and cars.symbol = fct_event_securities.symbol
    left join fct_value_impact on cars.event_id = fct_value_impact.event_id and cars.symbol = fct_value_impact.symbol
    order by fct_event_securities.event_session
)

select * from final
