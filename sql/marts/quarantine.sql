-- grain: one row per rejected price row and rule
-- key:   batch_id, row_number, rule_id
-- reads: core.quarantine
-- units: none
with

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
    from core.quarantine
)

select * from final
