-- grain: one row per security of which more is known than a symbol
-- key:   security_id
-- reads: core.symbol_periods
-- units: dates are exchange-local
with

newest_holders as (
    select
        symbol,
        arg_max(security_id, holder_number) as security_id
    from core.symbol_periods
    group by symbol
),

newest_symbols as (
    select *
    from core.symbol_periods
    qualify row_number() over (partition by security_id order by first_date desc nulls last, symbol asc) = 1
),

-- Who lost a symbol to another security is called by it and the month in which it ended.
final as (
    select
        newest_symbols.security_id,
        case
            when newest_holders.security_id = newest_symbols.security_id then newest_symbols.symbol
            else newest_symbols.symbol || '-' || strftime(newest_symbols.last_date, '%Y%m')
        end as symbol,
        newest_symbols.symbol as ticker,
        newest_symbols.share_class,
        newest_symbols.issuer,
        newest_symbols.last_date as ended_date
    from newest_symbols
    inner join newest_holders on newest_symbols.symbol = newest_holders.symbol
)

select * from final
