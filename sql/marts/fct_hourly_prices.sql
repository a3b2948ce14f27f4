-- grain: one row per symbol and hour of a session with a final bar
-- key:   symbol, opened_at
-- reads: core.hourly_prices
-- units: prices in the currency of the listing, volume in shares or units; returns are decimals over exactly one hour
with

final as (
    select
        symbol,
        opened_at,
        session_date,
        hour_of_session,
        open,
        high,
        low,
        close,
        volume,
        simple_return,
        vintage
    from core.hourly_prices
)

select * from final
