-- check: returns_match_prices
-- table: core.returns
-- severity: fail
-- limit: 0
-- why: A return is the change of one price basis from one session to the next; another value means mixed versions.
with steps as (
    select
        symbol,
        session_date,
        simple_return,
        return_price,
        lag(return_price) over listing as previous_price,
        session_index - lag(session_index) over listing as n_sessions
    from core.returns
    window listing as (partition by symbol order by session_date)
),

ratios as (
    select
        *,
        return_price / nullif(previous_price, 0) as ratio
    from steps
    where n_sessions = 1
)

select *
from ratios
where
    (simple_return is null) <> (ratio is null)
    or abs(simple_return - (ratio - 1)) > 1e-12 * greatest(1, ratio)
