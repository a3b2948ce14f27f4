-- grain: one row per symbol and session with a price on the symbol's return basis
-- key:   symbol, session_date
-- reads: core.prices
-- units: returns are decimals over exactly one session
with

prices as (
    select
        *,
        lag(return_price) over symbol_days as previous_price,
        lag(session_date) over symbol_days as previous_date,
        session_index - lag(session_index) over symbol_days as n_sessions_since
    from core.prices
    where return_price is not null
    window symbol_days as (partition by symbol order by session_index)
),

final as (
    select
        symbol,
        session_date,
        session_index,
        case when n_sessions_since = 1 then previous_date end as previous_session_date,
        close,
        adj_close,
        volume,
        return_price,
        case when n_sessions_since = 1 then return_price / previous_price - 1 end as simple_return,
        case when n_sessions_since = 1 then ln(return_price / previous_price) end as log_return
    from prices
)

select * from final
