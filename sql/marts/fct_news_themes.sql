-- grain: one row per item and theme
-- key:   news_id, theme
-- reads: core.news_themes, core.news_items
-- units: instants in UTC
with

final as (
    select
        hits.news_id,
        hits.theme,
        hits.rule,
        hits.matched_text,
        items.available_at
    from core.news_themes as hits
    inner join core.news_items as items on hits.news_id = items.news_id
)

select * from final
