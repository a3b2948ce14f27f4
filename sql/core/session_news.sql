-- grain: one row per security and session that has news
-- key:   symbol, session_date
-- reads: core.item_sessions
-- units: n_news counts items
with

told as (
    select
        *,
        count(*) over (partition by symbol, session_date, cluster_id) as n_told
    from core.item_sessions
),

final as (
    select
        symbol,
        session_date,
        count(*) as n_news,
        -- A filing first, then the story that is told most, then the earliest.
        first(news_id order by kind = 'filing' desc, n_told desc, available_at asc, news_id asc) as top_news_id,
        first(title order by kind = 'filing' desc, n_told desc, available_at asc, news_id asc) as top_news_title
    from told
    group by symbol, session_date
)

select * from final
