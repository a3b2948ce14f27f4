-- grain: one row per candidate and per event
-- key:   teller, id
-- reads: core.candidate_facts, core.events
-- units: a word counts by its first five letters, so that released is release
with

titled as (
    select
        'candidate' as teller,
        candidate_id as id,
        title
    from core.candidate_facts
    union all
    select
        'event' as teller,
        event_id as id,
        title
    from core.events
),

final as (
    select
        teller,
        id,
        array_to_string(list_sort(list_distinct([
            left(word, 5) for word in regexp_extract_all(lower(title), '[a-z0-9]+')
            if len(word) > 1 and word not in ('and', 'at', 'by', 'for', 'from', 'in', 'of', 'on', 'the', 'to', 'with')
        ])), ' ') as words
    from titled
)

select * from final
