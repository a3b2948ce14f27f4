-- grain: one row per thing in the news that may be an event
-- key:   candidate_id
-- reads: core.event_candidates, core.news_items, core.news_links
-- units: instants in UTC; facts is a fingerprint
with

stories as (
    select
        news_id,
        coalesce(cluster_id, news_id) as story,
        first_seen_at
    from core.news_items
),

told as (
    select
        candidates.candidate_id,
        stories.news_id,
        stories.news_id = candidates.news_id as is_first,
        stories.first_seen_at
    from core.event_candidates as candidates
    inner join stories as leads on candidates.news_id = leads.news_id
    inner join stories on leads.story = stories.story
),

tellers as (
    select
        candidate_id,
        to_json(list(news_id order by is_first desc, first_seen_at asc, news_id asc))::varchar as news_ids
    from told
    group by candidate_id
),

securities as (
    select
        told.candidate_id,
        to_json(list_sort(list_distinct(list(links.symbol))))::varchar as symbols
    from told
    inner join core.news_links as links on told.news_id = links.news_id
    group by told.candidate_id
),

known as (
    select
        candidates.candidate_id,
        candidates.kind,
        candidates.rule,
        candidates.theme,
        items.title,
        items.url,
        items.occurred_at,
        -- What a calendar announces becomes public on its day, not when it is announced.
        case when items.kind = 'calendar' then coalesce(items.occurred_at, items.available_at) else items.available_at
        end as available_at,
        items.precision,
        coalesce(securities.symbols, '[]') as symbols,
        tellers.news_ids
    from core.event_candidates as candidates
    inner join core.news_items as items on candidates.news_id = items.news_id
    inner join tellers on candidates.candidate_id = tellers.candidate_id
    left join securities on candidates.candidate_id = securities.candidate_id
),

final as (
    select
        *,
        md5(to_json([kind, title, epoch_us(available_at)::varchar, theme, symbols])::varchar) as facts
    from known
)

select * from final
