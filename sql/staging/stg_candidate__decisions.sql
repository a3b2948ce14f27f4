-- grain: one row per decision about a candidate
-- key:   batch_id, row_number
-- reads: raw.candidate_decisions, staging.stg_batches
-- units: instants in UTC
with

final as (
    select
        batch_id,
        row_number,
        candidate_id,
        decision,
        facts,
        event_id,
        reason,
        decided_by,
        decided_at
    from raw.candidate_decisions
    where batch_id in (select batch_id from staging.stg_batches)
)

select * from final
