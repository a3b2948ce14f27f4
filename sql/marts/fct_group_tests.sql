-- grain: one row per study, group, window and test
-- key:   study_id, group_by, group_value, window_start, window_end, test
-- reads: study.group_tests
-- units: caar is a decimal
with

final as (
    select *
    from study.group_tests
)

select * from final
