-- grain: one row per news item and security with prices that it is linked to, if it has a day 0
-- key:   news_id, symbol
-- reads: core.news_items, core.news_links, core.securities, core.calendar_sessions
-- units: instants in UTC
with

-- A date that is announced says nothing of what will come.
linked as (
    select distinct
        items.news_id,
        links.symbol,
        items.source,
        items.kind,
        items.title,
        items.available_at,
        coalesce(items.cluster_id, items.news_id) as cluster_id,
        items.attributes,
        coalesce(securities.exchange_mic, '=' || securities.symbol) as calendar
    from core.news_links as links
    inner join core.news_items as items on links.news_id = items.news_id
    inner join core.securities on links.symbol = securities.symbol
    where items.kind != 'calendar' and items.available_at is not null
),

final as (
    select
        linked.*,
        calendar_sessions.session_date,
        calendar_sessions.session_index
    from linked
    asof inner join core.calendar_sessions
        on linked.calendar = calendar_sessions.calendar and linked.available_at < calendar_sessions.closes_at
    -- Before the first close that is known, an earlier session may be meant.
    where linked.available_at >= calendar_sessions.previous_closes_at
)

select * from final
