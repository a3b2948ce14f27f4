-- question: Does Nvidia go on after its earnings in the direction of the first day (post-announcement drift)?
-- look at:  same_direction, and drift_p: ten days have three times the noise of one, so a drift of a few per
--           cent is none.
-- needs:    an index (^GSPC); on the bundled sample add model := 'constant_mean' to both studies
with

-- The studies below read it by its name.
reports as ( -- noqa: ST03
    select
        event_id,
        symbol,
        event_session as event_date
    from fct_event_securities
    where event_id like 'nvda-fy%-results' and symbol = 'NVDA' and status = 'used'
),

first_day as (
    select * from event_study_car_table('reports', 0, 0)
),

after as (
    select * from event_study_car_table('reports', 1, 10)
),

final as (
    select
        first_day.event_session,
        first_day.car as first_day_car,
        after.car as drift_car,
        after.t_stat as drift_t,
        after.p_value as drift_p,
        sign(first_day.car) = sign(after.car) as same_direction
    from first_day
    inner join after on first_day.event_id = after.event_id
    order by first_day.event_session
)

select * from final
