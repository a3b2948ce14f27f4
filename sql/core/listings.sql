-- grain: one row per symbol with price rows
-- key:   symbol
-- reads: core.staged_prices, seed.securities, seed.exchange_suffixes
-- units: none
with

symbols as (
    select distinct symbol
    from core.staged_prices
    where symbol is not null
),

suffixes as (
    select
        symbols.symbol,
        exchange_suffixes.exchange_mic,
        exchange_suffixes.currency
    from symbols
    inner join seed.exchange_suffixes on ends_with(symbols.symbol, exchange_suffixes.suffix)
    qualify row_number() over (partition by symbols.symbol order by length(exchange_suffixes.suffix) desc) = 1
),

final as (
    select
        symbols.symbol,
        securities.name,
        coalesce(securities.exchange_mic, suffixes.exchange_mic, getvariable('default_exchange')) as exchange_mic,
        coalesce(securities.currency, suffixes.currency) as currency,
        coalesce(securities.asset_class, 'unknown') as asset_class,
        securities.benchmark_symbol
    from symbols
    left join seed.securities on symbols.symbol = securities.symbol
    left join suffixes on symbols.symbol = suffixes.symbol
)

select * from final
