-- check: sessions_are_on_calendar
-- table: mart.fct_returns
-- severity: fail
-- limit: 0
-- why: A listing whose exchange is known has prices on that exchange's sessions only.
with listed as (
    select
        symbol,
        exchange_mic
    from mart.dim_securities
    where exchange_mic is not null
),

priced as (
    select
        prices.symbol,
        listed.exchange_mic,
        prices.session_date
    from mart.fct_returns as prices
    inner join listed on prices.symbol = listed.symbol
)

select priced.*
from priced
anti join mart.dim_sessions as sessions
    on priced.exchange_mic = sessions.exchange_mic and priced.session_date = sessions.session_date
