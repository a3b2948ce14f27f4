-- question: The catalogue says beforehand in which direction an event should move a security if the thesis
--           behind it holds. Who moved the other way, and clearly?
-- look at:  n_confounders: where other events lie near, one of them may be the cause. At 5 % one pair in forty
--           goes the wrong way by chance.
with

cars as (
    select *
    from fct_event_cars
    where study_id like 'catalogue-%' and window_start = 0 and window_end = 0 and p_value < 0.05
),

pairs as (
    select *
    from fct_event_securities
    where expected_sign in ('+', '-')
),

final as (
    select
        pairs.event_session,
        cars.symbol,
        dim_events.title,
        dim_events.theme,
        pairs.expected_sign,
        cars.car,
        cars.t_stat,
        cars.p_value,
        pairs.n_confounders
    from cars
    inner join pairs on cars.event_id = pairs.event_id and cars.symbol = pairs.symbol
    inner join dim_events on cars.event_id = dim_events.event_id
    where (pairs.expected_sign = '+') = (cars.car < 0)
    order by abs(cars.t_stat) desc
)

select * from final
