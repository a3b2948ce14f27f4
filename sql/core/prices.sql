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
        coalesce(
            sessions.session_index,
            row_number() over (partition by sound_rows.symbol order by sound_rows.session_date)
        ) as session_index,
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
    left join core.sessions
        on listings.exchange_mic = sessions.exchange_mic and sound_rows.session_date = sessions.session_date
)

select * from final
