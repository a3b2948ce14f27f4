-- check: extreme_returns
-- table: core.returns
-- severity: warn
-- limit: 0
-- why: 2026-11-23, in 164,210 returns of 107 listings of 2020 to 2026 none lies outside -54 % to +100 % a day; beyond
--      -95 % or +400 % a unit switch or a split is likelier than a market move.
select
    symbol,
    session_date,
    simple_return,
    log_return,
    return_price
from core.returns
where simple_return < -0.95 or simple_return > 4
