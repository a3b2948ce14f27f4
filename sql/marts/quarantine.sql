-- grain: one row per rejected row of prices, hours, corporate actions, factors or event lists and rule
-- key:   batch_id, row_number, rule_id
-- reads: core.quarantine, core.hourly_quarantine, core.action_quarantine, core.factor_quarantine
-- reads: core.event_quarantine
-- units: none
with

rejected as (
    select * from core.quarantine
    union all by name
    select * from core.hourly_quarantine
    union all by name
    select * from core.action_quarantine
    union all by name
    select * from core.factor_quarantine
    union all by name
    select * from core.event_quarantine
),

final as (
    select
        batch_id,
        row_number,
        rule_id,
        reason,
        source,
        symbol,
        session_date,
        content
    from rejected
)

select * from final
