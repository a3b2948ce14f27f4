-- grain: one row per rejected bar of an hour and rule
-- key:   batch_id, row_number, rule_id
-- reads: core.hourly_statements, core.hourly_violations
-- units: none
with

statements as (
    select
        batch_id,
        row_number,
        source,
        symbol,
        session_date,
        opened_at,
        open,
        high,
        low,
        close,
        volume
    from core.hourly_statements
),

final as (
    select
        violations.batch_id,
        violations.row_number,
        violations.rule_id,
        violations.reason,
        statements.source,
        statements.symbol,
        statements.session_date,
        -- JSON has no word for what is no number: it stands there as text.
        regexp_replace(
            to_json(statements)::varchar, '([^\\]":)(NaN|-?Infinity)([,}])', '\1"\2"\3', 'g'
        ) as content
    from core.hourly_violations as violations
    inner join statements
        on violations.batch_id = statements.batch_id and violations.row_number = statements.row_number
)

select * from final
