-- grain: one row per rejected factor row and rule
-- key:   batch_id, row_number, rule_id
-- reads: core.staged_factors, core.factor_violations
-- units: none
with

staged_factors as (
    select *
    from core.staged_factors
),

final as (
    select
        violations.batch_id,
        violations.row_number,
        violations.rule_id,
        violations.reason,
        staged_factors.source,
        null::varchar as symbol,
        staged_factors.factor_date as session_date,
        -- JSON has no word for what is no number: it stands there as text.
        regexp_replace(
            to_json(staged_factors)::varchar, '([^\\]":)(NaN|-?Infinity)([,}])', '\1"\2"\3', 'g'
        ) as content
    from core.factor_violations as violations
    inner join staged_factors
        on violations.batch_id = staged_factors.batch_id and violations.row_number = staged_factors.row_number
)

select * from final
