-- question: Does Nvidia go on after its earnings in the direction of the first day (post-announcement drift)?
-- look at:  same_direction, and drift_p: ten days have three times the noise of one, so a drift of a few per
--           cent is none.
-- needs:    an index (^GSPC); on the bundled sample add model := 'constant_mean'
with

first_day as (
    select *
    from
        event_study_car(
            'NVDA',
            [
                '2023-02-23', '2023-05-25', '2023-08-24', '2023-11-22', '2024-02-22', '2024-05-23',
                '2024-08-29', '2024-11-21', '2025-02-27', '2025-05-29', '2025-08-28', '2025-11-20'
            ],
            0, 0
        )
),

after as (
    select *
    from
        event_study_car(
            'NVDA',
            [
                '2023-02-23', '2023-05-25', '2023-08-24', '2023-11-22', '2024-02-22', '2024-05-23',
                '2024-08-29', '2024-11-21', '2025-02-27', '2025-05-29', '2025-08-28', '2025-11-20'
            ],
            1, 10
        )
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
    inner join after on first_day.event_session = after.event_session
    order by first_day.event_session
)

select * from final
