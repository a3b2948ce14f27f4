-- grain: one row per item and security that it is about
-- key:   news_id, symbol
-- reads: core.news_links, core.news_items
-- units: instants in UTC
with

final as (
    select
        hits.news_id,
        hits.symbol,
        hits.rule,
        hits.matched_text,
        items.available_at
    from core.news_links as hits
    inner join core.news_items as items on hits.news_id = items.news_id
)

select * from final
