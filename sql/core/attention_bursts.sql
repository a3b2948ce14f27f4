-- grain: one row per burst of attention to a theme
-- key:   theme, date
-- reads: core.news_attention, core.news_themes, core.news_items
-- units: n_told counts items
with

-- A day that was not measured neither ends a burst nor begins one.
first_days as (
    select
        theme,
        date
    from core.news_attention
    where is_measured
    qualify is_burst and not coalesce(lag(is_burst) over (partition by theme order by date), false)
),

told as (
    select
        first_days.theme,
        first_days.date,
        items.news_id,
        items.available_at,
        count(*) over (
            partition by first_days.theme, first_days.date, coalesce(items.cluster_id, items.news_id)
        ) as n_told
    from first_days
    inner join core.news_themes on first_days.theme = news_themes.theme
    inner join core.news_items as items
        on
            news_themes.news_id = items.news_id
            and first_days.date = timezone('UTC', items.available_at)::date
),

-- The story that is told most, by its earliest item.
final as (
    select
        theme,
        date,
        news_id,
        n_told
    from told
    qualify row_number() over (
        partition by theme, date order by n_told desc, available_at asc, news_id asc
    ) = 1
)

select * from final
