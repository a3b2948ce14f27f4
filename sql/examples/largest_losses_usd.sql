-- question: Which events cost the most in money, over and above what the market did?
-- look at:  abnormal_value_usd beside value_change_usd: the difference is the market's part. Events of one
--           session share one loss; n_events says how many stand behind it.
with

days as (
    select
        symbol,
        session_date,
        string_agg(event_id, ', ' order by event_id) as events,
        count(*) as n_events,
        any_value(market_cap_before_usd) as market_cap_before_usd,
        any_value(value_change_usd) as value_change_usd,
        any_value(abnormal_value_usd order by event_id) as abnormal_value_usd
    from fct_value_impact
    group by symbol, session_date
),

final as (
    select
        symbol,
        session_date,
        value_change_usd,
        abnormal_value_usd,
        abnormal_value_usd / market_cap_before_usd as share_of_value,
        n_events,
        events
    from days
    where abnormal_value_usd < 0
    order by abnormal_value_usd
    limit 10
)

select * from final
