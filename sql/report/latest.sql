-- grain: one row per symbol: its newest session
-- key:   symbol
-- reads: fct_returns
-- units: returns are decimals; std_move = (r - mean) / (s sqrt(1 + 1/n)) of the 250 sessions before
with held as (
    select
        symbol,
        session_date,
        simple_return,
        avg(simple_return) over earlier as mean_return,
        stddev_samp(simple_return) over earlier as deviation,
        count(simple_return) over earlier as n_sessions
    from fct_returns
    window earlier as (
        partition by symbol order by session_date rows between 250 preceding and 1 preceding
    )
)

select
    symbol,
    session_date,
    simple_return,
    n_sessions,
    (simple_return - mean_return) / nullif(deviation * sqrt(1 + 1 / n_sessions), 0) as std_move
from held
where n_sessions >= 60
qualify session_date = max(session_date) over (partition by symbol)
order by abs(std_move) desc nulls last, symbol
