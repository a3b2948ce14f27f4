-- grain: one row per symbol and session: the newest, and those that the publication before did not have
-- key:   symbol, session_date
-- reads: fct_returns, previous.fct_returns
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
),

known as (
    select
        symbol,
        max(session_date) as newest
    from previous.fct_returns
    group by symbol
)

select
    held.symbol,
    held.session_date,
    held.simple_return,
    held.n_sessions,
    coalesce(held.session_date > known.newest, false) as is_new,
    (held.simple_return - held.mean_return)
    / nullif(held.deviation * sqrt(1 + 1 / held.n_sessions), 0) as std_move
from held
left join known on held.symbol = known.symbol
where held.n_sessions >= 60
qualify is_new or held.session_date = max(held.session_date) over (partition by held.symbol)
order by abs(std_move) desc nulls last, held.symbol asc, held.session_date asc
