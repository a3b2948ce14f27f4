-- check: log_returns_match
-- table: mart.fct_returns
-- severity: fail
-- limit: 0
-- why: A log return is ln(1 + simple return); near a total loss the allowance grows as 1 + simple return shrinks.
with pairs as (
    select
        symbol,
        session_date,
        simple_return,
        log_return,
        case when simple_return > -1 then ln(1 + simple_return) end as expected_log_return
    from mart.fct_returns
)

select *
from pairs
where
    (log_return is null) <> (expected_log_return is null)
    or abs(log_return - expected_log_return) > 1e-12 / least(1, 1 + simple_return)
