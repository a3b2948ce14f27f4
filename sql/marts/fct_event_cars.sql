-- grain: one row per study, event, symbol and window
-- key:   study_id, event_id, symbol, window_start, window_end
-- reads: study.cars
-- units: returns are decimals
with

final as (
    select *
    from study.cars
)

select * from final
