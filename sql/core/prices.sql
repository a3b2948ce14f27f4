-- grain: one row per symbol and session with a sound price row
-- key:   symbol, session_date
-- reads: core.staged_prices, core.price_violations, core.listings, core.sessions
-- units: prices in the currency of the listing, volume in shares or units
with

sound_rows as (
    select *
    from core.staged_prices
    anti join core.price_violations using (batch_id, row_number)
),

-- Without a calendar a symbol's sessions are the dates of its rows. A date whose price is in quarantine is a session
-- too, so that no return spans it; a row without any price is none.
no_sessions as (
    select
        batch_id,
        row_number
    from core.price_violations
    where rule_id in ('no_symbol', 'no_date', 'no_price', 'in_the_future')
),

own_sessions as (
    select
        staged_prices.symbol,
        staged_prices.session_date,
        row_number() over (partition by staged_prices.symbol order by staged_prices.session_date) as session_index
    from core.staged_prices
    inner join core.listings on staged_prices.symbol = listings.symbol
    anti join no_sessions using (batch_id, row_number)
    where listings.exchange_mic is null
    group by staged_prices.symbol, staged_prices.session_date
),

-- Returns of a symbol come from one price basis alone: the adjusted close if the symbol has it on most days.
bases as (
    select
        symbol,
        case when count(adj_close) > 0 and count(adj_close) >= count(close) then 'adj_close' else 'close' end
            as return_basis
    from sound_rows
    group by symbol
),

final as (
    select
        sound_rows.source,
        sound_rows.symbol,
        sound_rows.session_date,
        coalesce(sessions.session_index, own_sessions.session_index) as session_index,
        sound_rows.open,
        sound_rows.high,
        sound_rows.low,
        sound_rows.close,
        sound_rows.adj_close,
        sound_rows.volume,
        bases.return_basis,
        case bases.return_basis when 'adj_close' then sound_rows.adj_close else sound_rows.close end as return_price
    from sound_rows
    inner join bases on sound_rows.symbol = bases.symbol
    inner join core.listings on sound_rows.symbol = listings.symbol
    left join own_sessions
        on sound_rows.symbol = own_sessions.symbol and sound_rows.session_date = own_sessions.session_date
    left join core.sessions
        on listings.exchange_mic = sessions.exchange_mic and sound_rows.session_date = sessions.session_date
)

select * from final
