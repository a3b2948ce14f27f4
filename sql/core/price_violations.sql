-- grain: one row per price row and rule it breaks
-- key:   batch_id, row_number, rule_id
-- reads: core.staged_prices, core.row_violations
-- units: none
with

row_violations as (
    select *
    from core.row_violations
),

-- Only rows that are sound otherwise can repeat or contradict one another.
sound_rows as (
    select *
    from core.staged_prices
    anti join row_violations using (batch_id, row_number)
),

repeated_days as (
    select
        symbol,
        session_date,
        count(*) as n_rows,
        coalesce(min(close) < max(close), false) or coalesce(min(adj_close) < max(adj_close), false) as is_conflict
    from sound_rows
    group by symbol, session_date
    having count(*) > 1
),

repeated as (
    select
        sound_rows.batch_id,
        sound_rows.row_number,
        repeated_days.*,
        row_number() over (
            partition by repeated_days.symbol, repeated_days.session_date
            order by sound_rows.batch_id, sound_rows.row_number
        ) as nth
    from sound_rows
    inner join repeated_days
        on sound_rows.symbol = repeated_days.symbol and sound_rows.session_date = repeated_days.session_date
),

final as (
    select * from row_violations
    union all
    select
        batch_id,
        row_number,
        case when is_conflict then 'conflicting_session' else 'duplicate_session' end as rule_id,
        case
            when is_conflict then n_rows || ' rows with different prices on ' || session_date
            else 'the same price stands ' || n_rows || ' times on ' || session_date
        end as reason
    from repeated
    where is_conflict or nth > 1
)

select * from final
