-- grain: one row per corporate action whose value cannot be one
-- key:   batch_id, row_number, rule_id
-- reads: staging.stg_price_actions
-- units: none
with

price_actions as (
    select *
    from staging.stg_price_actions
    where value is null or not isfinite(value) or value <= 0
),

final as (
    select
        batch_id,
        row_number,
        'bad_action' as rule_id,
        kind || ' of ' || action_date || ' has the value ' || coalesce(value::varchar, 'null') as reason,
        source,
        symbol,
        action_date as session_date,
        -- JSON has no word for what is no number.
        json_object('kind', kind, 'value', value::varchar)::varchar as content
    from price_actions
)

select * from final
