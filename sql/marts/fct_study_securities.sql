-- grain: one row per study, event and symbol asked for
-- key:   study_id, event_id, symbol
-- reads: study.securities
-- units: alpha and sigma are decimals
with

final as (
    select *
    from study.securities
)

select * from final
