-- grain: one row per price row and rule it breaks
-- key:   batch_id, row_number, rule_id
-- reads: core.staged_prices, core.listings, core.sessions
-- units: none
with

staged_prices as (
    select *
    from core.staged_prices
),

cells as (
    unpivot (
        select batch_id, row_number, open, high, low, close, adj_close
        from staged_prices
    )
    on open, high, low, close, adj_close
    into name price_column value price
),

bad_cells as (
    select
        batch_id,
        row_number,
        case when not isfinite(price) then 'not_finite' when price <= 0 then 'not_positive' else 'too_large' end
            as rule_id,
        price_column || ' is ' || price as reason
    from cells
    where not isfinite(price) or price <= 0 or price > 1e12
),

no_session as (
    select
        staged_prices.batch_id,
        staged_prices.row_number,
        'not_a_session' as rule_id,
        staged_prices.session_date || ' is no session of ' || listings.exchange_mic as reason
    from staged_prices
    inner join core.listings on staged_prices.symbol = listings.symbol
    anti join core.sessions
        on listings.exchange_mic = sessions.exchange_mic and staged_prices.session_date = sessions.session_date
    where listings.exchange_mic is not null and staged_prices.session_date is not null
),

row_rules as (
    select batch_id, row_number, 'no_symbol' as rule_id, 'the row names no symbol' as reason
    from staged_prices
    where symbol is null
    union all
    select batch_id, row_number, 'no_date', 'the row has no readable date'
    from staged_prices
    where session_date is null
    union all
    select batch_id, row_number, 'unreadable', 'cannot be read: ' || unreadable
    from staged_prices
    where unreadable is not null
    union all
    select batch_id, row_number, 'no_price', 'neither close nor adj_close has a value'
    from staged_prices
    where close is null and adj_close is null
    union all
    select batch_id, row_number, 'high_below_low', 'high ' || high || ' is below low ' || low
    from staged_prices
    where high < low
    union all
    select batch_id, row_number, 'negative_volume', 'volume is ' || volume
    from staged_prices
    where volume < 0 or not isfinite(volume)
),

row_violations as (
    select batch_id, row_number, rule_id, min(reason) as reason
    from bad_cells
    group by batch_id, row_number, rule_id
    union all
    select * from no_session
    union all
    select * from row_rules
),

-- Only rows that are sound otherwise can repeat or contradict one another.
repeated as (
    select
        batch_id,
        row_number,
        session_date,
        row_number() over (partition by symbol, session_date order by batch_id, row_number) as nth,
        count(*) over (partition by symbol, session_date) as n_rows,
        count(distinct (close, adj_close)) over (partition by symbol, session_date) as n_versions
    from staged_prices
    anti join row_violations using (batch_id, row_number)
),

final as (
    select * from row_violations
    union all
    select batch_id, row_number, 'duplicate_session', 'the same price stands ' || n_rows || ' times on ' || session_date
    from repeated
    where n_rows > 1 and n_versions = 1 and nth > 1
    union all
    select batch_id, row_number, 'conflicting_session', n_rows || ' rows with different prices on ' || session_date
    from repeated
    where n_versions > 1
)

select * from final
