-- grain: one row per thing in the news that may be an event
-- key:   candidate_id
-- reads: core.news_items, core.news_links, core.news_themes, core.attention_bursts, seed.form_8k_items
-- units: instants in UTC
with

items as (
    select
        *,
        coalesce(cluster_id, news_id) as story
    from core.news_items
    where available_at is not null
),

themes as (
    select
        news_id,
        theme
    from core.news_themes
    where theme_rank = 1
),

filing_items as (
    select
        news_id,
        unnest(from_json(attributes -> '$.items', '["VARCHAR"]')) as item
    from items
    where source = 'edgar' and (attributes ->> '$.form') in ('8-K', '8-K/A')
),

filings as (
    select
        filing_items.news_id as candidate_id,
        filing_items.news_id,
        form_8k_items.kind,
        form_8k_items.theme,
        'form_8k_item' as rule
    from filing_items
    inner join seed.form_8k_items on filing_items.item = form_8k_items.item
    qualify row_number() over (partition by filing_items.news_id order by form_8k_items.rank::int) = 1
),

-- Of the items that tell one story the earliest is the candidate.
others as (
    select
        items.news_id as candidate_id,
        items.news_id,
        case when items.kind = 'calendar' then 'results_date' else items.kind end as kind,
        case when items.kind = 'calendar' then 'earnings' end as theme,
        case items.kind
            when 'calendar' then 'results_calendar'
            when 'model_release' then 'linked_release'
            else 'linked_paper'
        end as rule
    from items
    where
        (items.kind = 'calendar' and items.news_id in (select news_id from core.news_links))
        or (
            items.kind in ('model_release', 'paper')
            and (
                items.news_id in (select news_id from core.news_links) or items.news_id in (select news_id from themes)
            )
        )
    qualify
        items.kind = 'calendar'
        or row_number() over (partition by items.kind, items.story order by items.available_at, items.news_id) = 1
),

bursts as (
    select
        'burst:' || theme || ':' || date as candidate_id,
        news_id,
        'burst' as kind,
        theme,
        'attention_burst' as rule
    from core.attention_bursts
),

final as (
    select
        found.* exclude (theme),
        coalesce(found.theme, themes.theme) as theme
    from (
        select * from filings
        union all by name
        select * from others
        union all by name
        select * from bursts
    ) as found
    left join themes on found.news_id = themes.news_id
)

select * from final
