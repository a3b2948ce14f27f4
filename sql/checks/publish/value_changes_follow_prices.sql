-- check: value_changes_follow_prices
-- table: mart.fct_value_impact
-- severity: fail
-- limit: 0
-- why: A company gains or loses value on day 0 as its close rises or falls.
with closes as (
    select symbol, session_date, close
    from mart.fct_returns
    where close is not null
),

impacts as (
    select
        impact.event_id,
        impact.symbol,
        impact.session_date,
        impact.value_change_usd,
        today.close,
        before.close as close_before
    from mart.fct_value_impact as impact
    left join closes as today on impact.symbol = today.symbol and impact.session_date = today.session_date
    asof left join closes as before on impact.symbol = before.symbol and impact.session_date > before.session_date
)

select *
from impacts
where sign(value_change_usd) is distinct from sign(close - close_before)
