-- question: Does Nvidia's loss of 2025-01-27 depend on the year that it is held against, or on the model?
-- look at:  car, which hardly moves over windows; sigma and t_stat follow how calm the window was, and a
--           benchmark takes the market's part out.
-- needs:    an index (^GSPC)
with

studied as (
    select
        'market, the year before' as choice,
        *
    from event_study_car('NVDA', '2025-01-27', 0, 0)
    union all by name
    select
        'market, half a year' as choice,
        *
    from event_study_car('NVDA', '2025-01-27', 0, 0, est_from := -135)
    union all by name
    select
        'market, a quarter' as choice,
        *
    from event_study_car('NVDA', '2025-01-27', 0, 0, est_from := -70)
    union all by name
    select
        'market, two years' as choice,
        *
    from event_study_car('NVDA', '2025-01-27', 0, 0, est_from := -510)
    union all by name
    select
        'market, the year that ends before R1' as choice,
        *
    from event_study_car('NVDA', '2025-01-27', 0, 0, est_from := -280, est_to := -31)
    union all by name
    select
        'market-adjusted' as choice,
        *
    from event_study_car('NVDA', '2025-01-27', 0, 0, model := 'market_adjusted')
    union all by name
    select
        'constant mean' as choice,
        *
    from event_study_car('NVDA', '2025-01-27', 0, 0, model := 'constant_mean')
),

final as (
    select
        choice,
        n_estimation_obs,
        beta,
        sigma,
        car,
        car_se,
        t_stat,
        df,
        p_value
    from studied
)

select * from final
