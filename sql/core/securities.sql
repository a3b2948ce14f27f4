-- grain: one row per published symbol with prices
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
        listings.* exclude (symbol, ended_date),
        listings.units_per_major > 1 as is_minor_unit,
        case when listings.exchange_mic is null then 'own_dates' else 'exchange_calendar' end as session_basis,
        -- A security whose prices stop two months before the newest of its source has ended; it is not merely late.
        coalesce(
            listings.ended_date <= max(ranges.last_session) over (),
            ranges.last_session < max(ranges.last_session) over () - 60
        ) as is_ended,
        -- A day on which nobody traded any more may be the one that was announced.
        case when is_ended then ranges.last_session end as ended_date
    from ranges
    inner join core.listings on ranges.symbol = listings.symbol
)

select * from final
