-- grain: one row per item
-- key:   news_id
-- reads: core.news_items, core.news_links, core.news_themes
-- units: instants in UTC; lists as JSON
with

linked as (
    select
        news_id,
        to_json(list(symbol order by symbol))::varchar as symbols
    from core.news_links
    group by news_id
),

themed as (
    select
        news_id,
        first(theme order by theme_rank) as theme,
        to_json(list(theme order by theme_rank))::varchar as themes
    from core.news_themes
    group by news_id
),

final as (
    select
        items.news_id,
        items.source,
        items.kind,
        items.occurred_at as published_at,
        items.available_at,
        items.precision,
        items.time_basis,
        items.title,
        items.url,
        items.publisher,
        coalesce(linked.symbols, '[]') as symbols,
        themed.theme,
        coalesce(themed.themes, '[]') as themes,
        items.cluster_id,
        count(*) over (partition by items.cluster_id) as n_in_cluster,
        items.first_seen_at,
        items.n_versions,
        items.changed_at,
        items.latest_title
    from core.news_items as items
    left join linked on items.news_id = linked.news_id
    left join themed on items.news_id = themed.news_id
)

select * from final
