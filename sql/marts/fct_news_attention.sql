-- grain: one row per theme and day from the first that was asked for to the last
-- key:   theme, date
-- reads: core.news_attention
-- units: days of UTC; n_items counts items, n_clusters and baseline stories, z standard deviations
with

final as (
    select
        theme,
        date,
        n_items,
        n_clusters,
        baseline,
        n_baseline_days,
        p_value,
        z,
        is_burst,
        is_measured
    from core.news_attention
)

select * from final
