-- check: value_changes_follow_prices
-- table: mart.fct_value_impact
-- severity: fail
-- limit: 0
-- why: A company gains or loses value on day 0 as its close rises or falls; a session whose close is not published
--      cannot be compared.
with impacts as (
    select
        impact.event_id,
        impact.symbol,
        impact.session_date,
        impact.value_change_usd,
        day_0.close,
        day_before.close as close_before
    from mart.fct_value_impact as impact
    inner join mart.fct_returns as day_0
        on impact.symbol = day_0.symbol and impact.session_date = day_0.session_date
    inner join mart.fct_returns as day_before
        on day_0.symbol = day_before.symbol and day_0.session_index = day_before.session_index + 1
)

select *
from impacts
where sign(value_change_usd) <> sign(close - close_before)
