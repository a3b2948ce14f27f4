-- grain: one row per date and factor
-- key:   factor_date, factor
-- reads: core.staged_factors, core.factor_violations
-- units: returns are decimals
with

sound_rows as (
    select *
    from core.staged_factors
    anti join core.factor_violations using (batch_id, row_number)
),

-- A date whose return is missing or in quarantine stands here with null, so that no return spans it.
no_days as (
    select
        batch_id,
        row_number
    from core.factor_violations
    where rule_id in ('no_date', 'in_the_future')
),

final as (
    select
        staged_factors.factor_date,
        staged_factors.factor,
        max(sound_rows.value) as value
    from core.staged_factors
    anti join no_days using (batch_id, row_number)
    left join sound_rows
        on staged_factors.batch_id = sound_rows.batch_id and staged_factors.row_number = sound_rows.row_number
    group by staged_factors.factor_date, staged_factors.factor
)

select * from final
