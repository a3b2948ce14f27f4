-- grain: one row per candidate event that an event already tells
-- key:   candidate_id
-- reads: core.candidate_facts, core.candidate_days, core.event_days, core.events, core.event_pairs, core.title_words
-- reads: core.shared_documents, seed.securities
-- units: similarity is the share of common words
with

symbols as (
    select
        candidate_id,
        unnest(from_json(symbols, '["VARCHAR"]')) as symbol
    from core.candidate_facts
),

-- Within a session of each other on some exchange.
close_in_time as (
    select distinct
        days.candidate_id,
        event_days.event_id
    from (select
        *,
        session_index + unnest([-1, 0, 1]) as index
    from core.candidate_days) as days
    inner join core.event_days on days.calendar = event_days.calendar and days.index = event_days.event_index
),

-- An identifier is the same at any time: a model may be seen first weeks after its release.
met as (
    select
        candidate_id,
        event_id
    from close_in_time
    union
    select
        candidate_id,
        event_id
    from core.shared_documents
    where has_identifier
),

-- Whether the event names a security of the candidate, and whether its title names that company itself.
common as (
    select
        met.candidate_id,
        met.event_id,
        bool_or(event_pairs.symbol is not null) as has_symbol,
        bool_or(
            event_pairs.symbol is not null
            and contains(lower(events.title), lower(string_split(securities.name, ' ')[1]))
        ) as has_company
    from met
    inner join core.events on met.event_id = events.event_id
    left join symbols on met.candidate_id = symbols.candidate_id
    left join core.event_pairs on met.event_id = event_pairs.event_id and symbols.symbol = event_pairs.symbol
    left join seed.securities on symbols.symbol = securities.symbol
    where events.kind != 'outcome'
    group by met.candidate_id, met.event_id
),

pairs as (
    select
        common.candidate_id,
        common.event_id,
        shared.event_id is not null as is_same_document,
        coalesce(facts.kind in ('results', 'results_date') and events.theme = 'earnings' and has_company, false)
            as is_results,
        has_symbol or coalesce(events.theme = facts.theme, false) as is_related,
        len(list_intersect(string_split(ours.words, ' '), string_split(theirs.words, ' '))) as n_common,
        n_common / least(len(string_split(ours.words, ' ')), len(string_split(theirs.words, ' '))) as similarity
    from common
    inner join core.candidate_facts as facts on common.candidate_id = facts.candidate_id
    inner join core.events on common.event_id = events.event_id
    left join core.shared_documents as shared
        on common.candidate_id = shared.candidate_id and common.event_id = shared.event_id
    inner join core.title_words as ours on common.candidate_id = ours.id and ours.teller = 'candidate'
    inner join core.title_words as theirs on common.event_id = theirs.id and theirs.teller = 'event'
),

final as (
    select
        candidate_id,
        event_id,
        case
            when is_same_document then 'the event names the same document'
            when is_results then 'results of the same company and session'
            else 'a similar title at the same time'
        end as reason
    from pairs
    where is_same_document or is_results or (is_related and n_common >= 2 and similarity >= 0.5)
    qualify row_number() over (
        partition by candidate_id
        order by is_same_document desc, is_results desc, similarity desc, event_id asc
    ) = 1
)

select * from final
