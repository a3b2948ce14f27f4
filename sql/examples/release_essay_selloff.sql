-- question: What moved the compute stocks: R1's release (read on 2025-01-21), the paper on arXiv, the essay of
--           the weekend, or the sell-off that is named after them?
-- look at:  day_0: the essay, the app at number one and the sell-off share one session, so daily prices cannot
--           tell them apart; the release alone moved next to nothing. n_lost counts p_holm < 0.05 below zero.
-- needs:    an index (^GSPC); on the bundled sample read deepseek-constant-mean instead
with

cars as (
    select *
    from fct_event_cars
    where study_id = 'deepseek-market-model' and window_start = 0 and window_end = 0
),

compute as (
    select
        cars.*,
        fct_study_securities.event_session
    from cars
    inner join fct_study_securities
        on
            cars.study_id = fct_study_securities.study_id
            and cars.event_id = fct_study_securities.event_id
            and cars.symbol = fct_study_securities.symbol
    where cars.symbol in ('NVDA', 'AVGO', 'AMD', 'MRVL', 'MU', 'TSM', 'VRT', 'VST', 'ANET', 'ORCL')
),

final as (
    select
        event_id,
        min(event_session) as day_0,
        count(*) as n_securities,
        avg(car) as mean_abnormal,
        max(car) filter (where symbol = 'NVDA') as nvda_abnormal,
        max(t_stat) filter (where symbol = 'NVDA') as nvda_t,
        count(*) filter (where p_holm < 0.05 and car < 0) as n_lost,
        count(*) filter (where p_holm < 0.05 and car > 0) as n_gained
    from compute
    group by event_id
    order by day_0, event_id
)

select * from final
