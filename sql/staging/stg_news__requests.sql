-- grain: one row per request for news, known at `as_of`
-- key:   run_id, object, first_date, fetched_at
-- reads: raw.requests
-- units: days of UTC; last_measured_date is the last day that was over when the answer came
with

final as (
    select
        run_id,
        object,
        first_date,
        last_date,
        outcome in ('ok', 'empty') as is_answered,
        least(last_date, (fetched_at at time zone 'UTC')::date - 1) as last_measured_date,
        fetched_at
    from raw.requests
    where source = 'news_items' and fetched_at <= getvariable('as_of')
)

select * from final
