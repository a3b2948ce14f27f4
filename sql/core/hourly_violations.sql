-- grain: one row per bar of an hour and rule it breaks
-- key:   batch_id, row_number, rule_id
-- reads: core.hourly_statements
-- units: none
with

statements as (
    select
        *,
        least(open, high, low, close) as lowest,
        greatest(open, high, low, close) as highest
    from core.hourly_statements
),

-- Each case gives 'rule: reason' for a row that breaks the rule, and null for one that does not; core.row_violations
-- has the same rules for days.
row_rules as (
    select
        batch_id,
        row_number,
        unnest([
            case when close is null then 'no_price: the close has no value' end,
            case
                when not (isfinite(lowest) and isfinite(highest)) then 'not_finite: a price is not a finite number'
            end,
            case when lowest <= 0 then 'not_positive: the lowest price is ' || lowest end,
            case when highest > 1e12 and isfinite(highest) then 'too_large: the highest price is ' || highest end,
            case when high < low then 'high_below_low: high ' || high || ' is below low ' || low end,
            case when volume < 0 or not isfinite(volume) then 'bad_volume: volume is ' || volume end,
            case
                when coalesce(closed_at, opened_at) > fetched_at
                    then 'not_over: the hour of ' || opened_at || ' was not over when its bar was fetched'
            end,
            case
                when exchange_mic is not null and hour_of_session is null
                    then 'not_an_hour: no hour of a session of ' || exchange_mic || ' opens at ' || opened_at
            end
        ]) as broken
    from statements
),

final as (
    select
        batch_id,
        row_number,
        split_part(broken, ': ', 1) as rule_id,
        substr(broken, strpos(broken, ': ') + 2) as reason
    from row_rules
    where broken is not null
)

select * from final
