-- grain: one row per price row and rule on single rows that it breaks
-- key:   batch_id, row_number, rule_id
-- reads: core.staged_prices, core.listings, core.sessions, staging.stg_batches
-- units: none
with

staged_prices as (
    select
        staged_prices.*,
        listings.exchange_mic,
        sessions.session_index,
        sessions.close_at,
        batches.fetched_at,
        least(open, high, low, close, adj_close) as lowest,
        greatest(open, high, low, close, adj_close) as highest
    from core.staged_prices
    left join core.listings on staged_prices.symbol = listings.symbol
    left join core.sessions
        on
            listings.exchange_mic = sessions.exchange_mic
            and staged_prices.session_date = sessions.session_date
    left join staging.stg_batches as batches on staged_prices.batch_id = batches.batch_id
),

-- Each case gives 'rule: reason' for a row that breaks the rule, and null for one that does not.
row_rules as (
    select
        batch_id,
        row_number,
        unnest([
            case when symbol is null then 'no_symbol: the row names no symbol' end,
            case
                when superseded_by is not null
                    then 'superseded_symbol: ' || source_symbol || ' is ' || superseded_by || ' now, which has prices'
            end,
            case when session_date is null then 'no_date: the row has no readable date' end,
            case when unreadable is not null then 'unreadable: cannot be read: ' || unreadable end,
            case
                when coalesce(close, adj_close) is null and unreadable is null
                    then 'no_price: neither close nor adj_close has a value'
            end,
            case
                when not (isfinite(lowest) and isfinite(highest)) then 'not_finite: a price is not a finite number'
            end,
            case when lowest <= 0 then 'not_positive: the lowest price is ' || lowest end,
            case when highest > 1e12 and isfinite(highest) then 'too_large: the highest price is ' || highest end,
            case when high < low then 'high_below_low: high ' || high || ' is below low ' || low end,
            case when volume < 0 or not isfinite(volume) then 'bad_volume: volume is ' || volume end,
            -- A day is over everywhere on earth one date later at the latest.
            case
                when session_date > fetched_at::date + 1
                    then 'in_the_future: ' || session_date || ' was not over when the row was read'
            end,
            -- What is fetched is called final by whoever fetched it; the calendar has the last word.
            case
                when source not in ('sample', 'files') and close_at > fetched_at
                    then 'not_over: the session of ' || session_date || ' was not over when its bar was fetched'
            end,
            case
                when exchange_mic is not null and session_date is not null and session_index is null
                    then 'not_a_session: ' || session_date || ' is no session of ' || exchange_mic
            end
        ]) as broken
    from staged_prices
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
