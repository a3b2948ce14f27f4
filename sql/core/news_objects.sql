-- grain: one row per feed, filer or query that has ever answered
-- key:   object
-- reads: staging.stg_news__requests
-- units: days of UTC
with

final as (
    select
        object,
        min(first_date) filter (where is_answered) as joined_date,
        -- Who has not answered for a week is not waited for any longer; who is not asked any more is not missed.
        least(max(last_date), max(last_measured_date) filter (where is_answered) + 7) as followed_until
    from staging.stg_news__requests
    group by object
    having bool_or(is_answered)
)

select * from final
