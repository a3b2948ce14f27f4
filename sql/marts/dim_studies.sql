-- grain: one row per study
-- key:   study_id
-- reads: study.studies
-- units: windows in sessions from day 0
with

final as (
    select *
    from study.studies
)

select * from final
