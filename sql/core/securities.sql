-- grain: one row per symbol with prices
-- key:   symbol
-- reads: core.prices, core.listings
-- units: dates are exchange-local
with

ranges as (
    select
        symbol,
        any_value(source) as source,
        any_value(return_basis) as return_basis,
        min(session_date) as first_session,
        max(session_date) as last_session,
        max(session_index) as last_index,
        count(*) as n_sessions
    from core.prices
    where return_price is not null
    group by symbol
),

final as (
    select
        ranges.*,
        listings.* exclude (symbol),
        case when listings.exchange_mic is null then 'own_dates' else 'exchange_calendar' end as session_basis,
        -- A security whose prices stop two months before the newest of its source has ended; it is not merely late.
        ranges.last_session < max(ranges.last_session) over () - 60 as is_ended
    from ranges
    inner join core.listings on ranges.symbol = listings.symbol
)

select * from final
