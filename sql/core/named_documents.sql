-- grain: one row per candidate or event and document that it names
-- key:   teller, id, document
-- reads: core.candidate_facts, staging.stg_catalogue__events
-- units: a filing, paper or model by its identifier, whichever of its addresses is named; any other page by its address
with

addresses as (
    select
        'candidate' as teller,
        candidate_id as id,
        url as address
    from core.candidate_facts
    union all
    select
        'event' as teller,
        event_id as id,
        unnest(from_json(coalesce(urls, to_json([url])), '["VARCHAR"]')) as address
    from staging.stg_catalogue__events
),

parts as (
    select
        *,
        regexp_extract(address, '//[^/]*\bsec\.gov/.*\b(\d{10}-?\d{2}-?\d{6})\b', 1) as filing,
        regexp_extract(
            address, '//(?:[^/]*\.)?(?:arxiv\.org/(?:abs|pdf|html)|huggingface\.co/papers)/(\d{4}\.\d{4,5})', 1
        ) as paper,
        lower(regexp_extract(address, '//huggingface\.co/(?:api/models/)?([\w.-]+/[\w.-]+)', 1)) as model
    from addresses
    where address is not null
),

named as (
    select
        teller,
        id,
        case
            when filing != '' then 'edgar:' || regexp_replace(filing, '^(\d{10})-?(\d{2})-?(\d{6})$', '\1-\2-\3')
            when paper != '' then 'arxiv:' || paper
            when model != '' and not regexp_matches(model, '^(api|blog|collections|datasets|docs|spaces)/')
                then 'huggingface:' || model
        end as identifier,
        regexp_replace(regexp_replace(address, '^https?://(www\.)?', ''), '/?([?#].*)?$', '') as page
    from parts
),

final as (
    select distinct
        teller,
        id,
        coalesce(identifier, page) as document,
        identifier is not null as has_identifier
    from named
)

select * from final
