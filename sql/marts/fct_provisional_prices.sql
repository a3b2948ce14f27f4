-- grain: one row per source, symbol and session that has a provisional bar and no final one
-- key:   source, symbol, session_date
-- reads: core.provisional_prices
-- units: prices in the currency of the listing, volume in shares or units; instants in UTC
with

final as (
    select
        source,
        symbol,
        session_date,
        open,
        high,
        low,
        close,
        adj_close,
        volume,
        fetched_at
    from core.provisional_prices
)

select * from final
