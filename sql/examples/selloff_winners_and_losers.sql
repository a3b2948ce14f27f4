-- question: Whom did the sell-off of 2025-01-27 hit beyond doubt, and who gained?
-- look at:  p_holm, which allows for a hundred securities having been tested at once; what is left is no
--           chance.
-- needs:    an index (^GSPC); on the bundled sample read deepseek-constant-mean instead
with

final as (
    select
        fct_event_cars.symbol,
        dim_securities.name,
        fct_event_cars.car,
        fct_event_cars.car_se,
        fct_event_cars.t_stat,
        fct_event_cars.df,
        fct_event_cars.p_value,
        fct_event_cars.p_holm,
        fct_event_cars.beta
    from fct_event_cars
    inner join dim_securities on fct_event_cars.symbol = dim_securities.symbol
    where
        fct_event_cars.study_id = 'deepseek-market-model'
        and fct_event_cars.event_id = 'nvda-record-selloff'
        and fct_event_cars.window_start = 0 and fct_event_cars.window_end = 0
        and fct_event_cars.p_holm < 0.05
    order by fct_event_cars.car
)

select * from final
