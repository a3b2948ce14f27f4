-- grain: one row per rejected price row and rule
-- key:   batch_id, row_number, rule_id
-- reads: core.staged_prices, core.price_violations
-- units: none
with

staged_prices as (
    select *
    from core.staged_prices
),

final as (
    select
        violations.batch_id,
        violations.row_number,
        violations.rule_id,
        violations.reason,
        staged_prices.source,
        staged_prices.symbol,
        staged_prices.session_date,
        -- JSON has no word for what is no number: it stands there as text.
        regexp_replace(
            to_json(staged_prices)::varchar, '([^\\]":)(NaN|-?Infinity)([,}])', '\1"\2"\3', 'g'
        ) as content
    from core.price_violations as violations
    inner join staged_prices
        on violations.batch_id = staged_prices.batch_id and violations.row_number = staged_prices.row_number
)

select * from final
