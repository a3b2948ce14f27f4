-- grain: one row per symbol and security that it named, in the order of time
-- key:   symbol, holder_number
-- reads: core.symbol_periods, core.published_symbols, core.listings
-- units: dates are exchange-local
with

periods as (
    select
        periods.*,
        published.symbol as published_symbol
    from core.symbol_periods as periods
    inner join core.published_symbols as published on periods.security_id = published.security_id
),

unchanged as (
    select
        symbol,
        1 as holder_number,
        security_id,
        symbol as published_symbol,
        'default' as reason
    from core.listings
    anti join core.published_symbols using (security_id)
),

every_symbol as (
    select * from periods
    union all by name
    select * from unchanged
),

final as (
    select
        symbol,
        holder_number,
        security_id,
        published_symbol,
        first_date,
        last_date,
        reason,
        share_class,
        issuer,
        evidence
    from every_symbol
)

select * from final
