-- grain: one row per series and day with a value
-- key:   series_id, series_date
-- reads: staging.stg_live__prices, staging.stg_batches, seed.series
-- units: values in the unit that each row names; instants in UTC
with

-- What the bars of FRED call a close is the value of the day.
observations as (
    select
        symbol as series_id,
        session_date as series_date,
        close as value,
        batch_id
    from staging.stg_live__prices
    where source = 'fred' and isfinite(close)
),

final as (
    select
        observations.series_id,
        observations.series_date,
        observations.value,
        series.unit,
        batches.known_from
    from observations
    inner join staging.stg_batches as batches on observations.batch_id = batches.batch_id
    left join seed.series as series on observations.series_id = series.series_id
)

select * from final
