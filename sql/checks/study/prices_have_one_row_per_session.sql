-- check: prices_have_one_row_per_session
-- table: core.prices
-- severity: fail
-- limit: 0
-- why: Two prices of one session would count its return twice.
select
    symbol,
    session_date,
    count(*) as n_prices
from core.prices
group by symbol, session_date
having count(*) > 1
