-- grain: one row per symbol and session
-- key:   symbol, session_date
-- reads: fct_returns
-- units: currency of the listing
select
    symbol,
    session_date,
    coalesce(adj_close, close) as price
from fct_returns
order by all
