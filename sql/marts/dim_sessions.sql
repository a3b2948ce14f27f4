-- grain: one row per exchange and session
-- key:   exchange_mic, session_date
-- reads: core.sessions
-- units: instants in UTC
with

final as (
    select
        exchange_mic,
        session_date,
        open_at,
        close_at,
        session_index
    from core.sessions
)

select * from final
