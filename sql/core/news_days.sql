-- grain: one row per day from the first that was asked for to the last
-- key:   date
-- reads: core.news_objects, staging.stg_news__requests
-- units: days of UTC; n_followed and n_measured count feeds, filers and queries
with

answered as (
    select distinct
        object,
        first_date,
        last_measured_date
    from staging.stg_news__requests
    where is_answered and first_date <= last_measured_date
),

measured as (
    select distinct
        object,
        unnest(generate_series(first_date, last_measured_date, interval 1 day))::date as date
    from answered
),

followed as (
    select
        object,
        unnest(generate_series(joined_date, followed_until, interval 1 day))::date as date
    from core.news_objects
),

final as (
    select
        followed.date,
        count(*) as n_followed,
        count(measured.object) as n_measured,
        count(*) = count(measured.object) as is_measured
    from followed
    left join measured on followed.object = measured.object and followed.date = measured.date
    group by followed.date
)

select * from final
