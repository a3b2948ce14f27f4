-- question: Did Bitcoin, which trades through the weekend, take the news before Nvidia could?
-- look at:  Saturday and Sunday: Nvidia has no session, Bitcoin has, and stayed in its noise. Its Monday is
--           the UTC day, which ends three hours after the close in New York.
with

days as (
    select *
    from fct_abnormal_returns
    where
        study_id = 'deepseek-constant-mean' and event_id = 'nvda-record-selloff'
        and symbol in ('BTC-USD', 'NVDA')
        and session_date between '2025-01-20' and '2025-01-31'
),

final as (
    select
        session_date,
        strftime(session_date, '%a') as weekday,
        max(abnormal_return) filter (where symbol = 'NVDA') as nvda_abnormal,
        max(std_abnormal_return) filter (where symbol = 'NVDA') as nvda_t,
        max(abnormal_return) filter (where symbol = 'BTC-USD') as btc_abnormal,
        max(std_abnormal_return) filter (where symbol = 'BTC-USD') as btc_t
    from days
    group by session_date
    order by session_date
)

select * from final
