-- grain: one row per symbol and session with a price
-- key:   symbol, session_date
-- reads: core.returns
-- units: returns are decimals over exactly one session
with

final as (
    select
        symbol,
        session_date,
        session_index,
        previous_session_date,
        close,
        adj_close,
        volume,
        simple_return,
        log_return
    from core.returns
)

select * from final
