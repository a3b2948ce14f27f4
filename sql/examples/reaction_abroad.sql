-- question: On which day could each exchange first react to the sell-off, and did it?
-- look at:  day_0: Seoul and Taipei were closed over the Lunar New Year and took it up to a week later; other
--           news of that week is in their number.
with

cars as (
    select *
    from fct_event_cars
    where
        study_id = 'deepseek-constant-mean' and event_id = 'emanuel-short-case-essay'
        and window_start = 0 and window_end = 0
),

final as (
    select
        fct_event_securities.event_session as day_0,
        dim_securities.exchange_mic,
        fct_event_securities.day0_rule,
        count(*) as n_securities,
        avg(cars.car) as mean_abnormal,
        min_by(cars.symbol, cars.car) as worst,
        min(cars.car) as worst_abnormal,
        arg_min(cars.t_stat, cars.car) as worst_t
    from cars
    inner join fct_event_securities
        on cars.event_id = fct_event_securities.event_id and cars.symbol = fct_event_securities.symbol
    inner join dim_securities on cars.symbol = dim_securities.symbol
    group by all
    order by day_0, dim_securities.exchange_mic
)

select * from final
