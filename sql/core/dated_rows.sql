-- grain: one row per price row, with a date, of a symbol of which more is known than its own name
-- key:   batch_id, row_number
-- reads: staging.stg_prices, staging.stg_symbol_reuses, seed.security_symbols
-- units: dates are exchange-local
with

symbols as (
    select symbol from seed.security_symbols
    union
    select symbol from staging.stg_symbol_reuses
    where source = getvariable('price_source')
),

final as (
    select
        batch_id,
        row_number,
        symbol,
        session_date
    from staging.stg_prices
    where session_date is not null and symbol in (select symbol from symbols)
)

select * from final
