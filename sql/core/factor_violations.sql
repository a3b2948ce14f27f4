-- grain: one row per factor row and rule it breaks
-- key:   batch_id, row_number, rule_id
-- reads: core.staged_factors, staging.stg_batches
-- units: none
with

staged_factors as (
    select
        staged_factors.*,
        batches.fetched_at
    from core.staged_factors
    left join staging.stg_batches as batches on staged_factors.batch_id = batches.batch_id
),

-- Each case gives 'rule: reason' for a row that breaks the rule, and null for one that does not.
row_rules as (
    select
        batch_id,
        row_number,
        unnest([
            case when factor_date is null then 'no_date: the row has no readable date' end,
            case when unreadable is not null then 'unreadable: cannot be read: ' || unreadable end,
            case when not isfinite(value) then 'not_finite: the return is not a finite number' end,
            case when abs(value) > 1e6 and isfinite(value) then 'too_large: the return is ' || stated_value end,
            -- A day is over everywhere on earth one date later at the latest.
            case
                when factor_date > fetched_at::date + 1
                    then 'in_the_future: ' || factor_date || ' was not over when the row was read'
            end
        ]) as broken
    from staged_factors
),

row_violations as (
    select
        batch_id,
        row_number,
        split_part(broken, ': ', 1) as rule_id,
        substr(broken, strpos(broken, ': ') + 2) as reason
    from row_rules
    where broken is not null
),

-- Only rows that are sound otherwise and have a value can repeat or contradict one another.
repeated as (
    select
        batch_id,
        row_number,
        factor,
        factor_date,
        count(*) over factor_days as n_rows,
        min(value) over factor_days < max(value) over factor_days as is_conflict,
        row_number() over (partition by factor, factor_date order by batch_id, row_number) as nth
    from staged_factors
    anti join row_violations using (batch_id, row_number)
    where value is not null
    window factor_days as (partition by factor, factor_date)
),

final as (
    select * from row_violations
    union all
    select
        batch_id,
        row_number,
        case when is_conflict then 'conflicting_return' else 'duplicate_return' end as rule_id,
        case
            when is_conflict then n_rows || ' rows with different returns of ' || factor || ' on ' || factor_date
            else 'the same return of ' || factor || ' stands ' || n_rows || ' times on ' || factor_date
        end as reason
    from repeated
    where is_conflict or nth > 1
)

select * from final
