-- check: returns_span_one_session
-- table: core.returns
-- severity: fail
-- limit: 0
-- why: A return over a gap would count several sessions as one; after a session without a price it is null.
with steps as (
    select
        symbol,
        session_date,
        session_index,
        simple_return,
        log_return,
        return_price,
        lag(session_index) over listing as previous_index,
        lag(return_price) over listing as previous_price
    from core.returns
    window listing as (partition by symbol order by session_date)
)

select *
from steps
where
    (simple_return is not null or log_return is not null)
    and (
        previous_index is distinct from session_index - 1
        or previous_price is null
        or return_price is null
    )
