-- grain: one row per candidate and event that name the same document
-- key:   candidate_id, event_id
-- reads: core.named_documents
-- units: has_identifier if a filing, paper or model is the same, and not a page alone
with

final as (
    select
        ours.id as candidate_id,
        theirs.id as event_id,
        bool_or(ours.has_identifier) as has_identifier
    from core.named_documents as ours
    inner join core.named_documents as theirs on ours.document = theirs.document
    where ours.teller = 'candidate' and theirs.teller = 'event'
    group by ours.id, theirs.id
)

select * from final
