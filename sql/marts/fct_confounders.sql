-- grain: one row per event, security of its ledger and other thing whose day lies in one of its windows
-- key:   event_id, symbol, confounder_id
-- reads: core.confounders
-- units: sessions from day 0
with

final as (
    select
        event_id,
        symbol,
        confounder_kind,
        confounder_id,
        title,
        confounder_session,
        relative_day,
        in_window,
        distance,
        is_named
    from core.confounders
)

select * from final
