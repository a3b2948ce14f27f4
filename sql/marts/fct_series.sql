-- grain: one row per series and day with a value
-- key:   series_id, series_date
-- reads: core.series
-- units: values in the unit that each row names; instants in UTC
with

final as (
    select
        series_id,
        series_date,
        value,
        unit,
        known_from
    from core.series
)

select * from final
