-- grain: one row per thing in the news that may be an event
-- key:   candidate_id
-- reads: core.candidate_facts, core.candidate_matches, staging.stg_candidate__decisions
-- units: instants in UTC
with

-- A rejection is about facts: others are a new question. An event stays one.
decided as (
    select decisions.*
    from core.candidate_facts as facts
    inner join staging.stg_candidate__decisions as decisions on facts.candidate_id = decisions.candidate_id
    where decisions.decision = 'promoted' or decisions.facts = facts.facts
    qualify row_number() over (
        partition by decisions.candidate_id
        order by decisions.decision asc, decisions.decided_at desc, decisions.row_number desc
    ) = 1
),

final as (
    select
        facts.candidate_id,
        facts.kind,
        facts.title,
        facts.url,
        facts.occurred_at,
        facts.available_at,
        facts.precision,
        facts.symbols,
        facts.theme,
        facts.news_ids,
        facts.rule,
        facts.facts,
        case
            when decided.decision is not null then decided.decision
            when matches.event_id is not null then 'linked'
            else 'candidate'
        end as status,
        coalesce(decided.event_id, if(decided.decision is null, matches.event_id, null)) as event_id,
        case when decided.decision is null then matches.reason else decided.reason end as reason,
        decided.decided_by,
        decided.decided_at
    from core.candidate_facts as facts
    left join decided on facts.candidate_id = decided.candidate_id
    left join core.candidate_matches as matches on facts.candidate_id = matches.candidate_id
)

select * from final
