-- grain: one row per study, event, symbol and day of the event window
-- key:   study_id, event_id, symbol, relative_day
-- reads: study.abnormal_returns
-- units: returns are decimals
with

final as (
    select *
    from study.abnormal_returns
)

select * from final
