-- grain: one row per security and day of results that news tells of and no event
-- key:   symbol, result_id
-- reads: core.news_items, core.news_links, core.securities, core.calendar_sessions, core.item_sessions
-- reads: core.event_sessions, core.event_pairs, core.events
-- units: dates are exchange-local
with

filed as (
    select
        symbol,
        news_id as result_id,
        title,
        session_date,
        session_index,
        1 as preference
    from core.item_sessions
    where source = 'edgar' and list_contains(from_json(attributes -> '$.items', '["VARCHAR"]'), '2.02')
),

announced as (
    select
        links.symbol,
        items.news_id as result_id,
        items.title,
        coalesce(securities.exchange_mic, '=' || securities.symbol) as calendar,
        -- Results whose hour is not known before the open count for the session after their day.
        try_cast(items.attributes ->> '$.day' as date)
        + case when (items.attributes ->> '$.timing') = 'BMO' then 0 else 1 end as earliest_date
    from core.news_items as items
    inner join core.news_links as links on items.news_id = links.news_id
    inner join core.securities on links.symbol = securities.symbol
    where items.kind = 'calendar'
),

dated as (
    select
        announced.symbol,
        announced.result_id,
        announced.title,
        calendar_sessions.session_date,
        calendar_sessions.session_index,
        2 as preference
    from announced
    asof inner join core.calendar_sessions
        on announced.calendar = calendar_sessions.calendar and announced.earliest_date <= calendar_sessions.session_date
    where announced.earliest_date is not null
),

found as (
    select distinct * from filed
    union all by name
    select distinct * from dated
),

-- What tells of the same results: the catalogue before a filing, a filing before the calendar, within a session.
better as (
    select
        event_pairs.symbol,
        event_sessions.event_index as session_index,
        0 as preference
    from core.event_pairs
    inner join core.events on event_pairs.event_id = events.event_id
    inner join core.event_sessions
        on event_pairs.event_id = event_sessions.event_id and event_pairs.symbol = event_sessions.symbol
    where events.theme = 'earnings' and event_sessions.event_index is not null
    union all
    select distinct
        symbol,
        session_index,
        preference
    from found
),

nearby as (
    select
        symbol,
        preference,
        session_index + unnest([-1, 0, 1]) as session_index
    from better
),

final as (
    select found.* exclude (found.preference)
    from found
    where not exists (
        select 1
        from nearby
        where
            nearby.symbol = found.symbol
            and nearby.session_index = found.session_index
            and nearby.preference < found.preference
    )
)

select * from final
