-- grain: one row per published symbol with price rows
-- key:   symbol
-- reads: core.staged_prices, core.published_symbols, staging.stg_provider_listings, seed.securities
-- reads: seed.exchange_suffixes, seed.provider_exchanges, seed.currency_units
-- units: none
with

symbols as (
    select
        staged.symbol,
        staged.security_id,
        coalesce(any_value(published.ticker), staged.symbol) as ticker,
        any_value(published.share_class) as share_class,
        any_value(published.issuer) as issuer,
        any_value(published.ended_date) as ended_date
    from core.staged_prices as staged
    left join core.published_symbols as published on staged.security_id = published.security_id
    where staged.symbol is not null
    group by staged.symbol, staged.security_id
),

suffixes as (
    select
        symbols.symbol,
        exchange_suffixes.exchange_mic,
        exchange_suffixes.currency
    from symbols
    inner join seed.exchange_suffixes on ends_with(symbols.ticker, exchange_suffixes.suffix)
    qualify row_number() over (partition by symbols.symbol order by length(exchange_suffixes.suffix) desc) = 1
),

-- What the provider said last of this security, of several that had the symbol.
provided as (
    select
        symbols.symbol,
        words.first_date,
        exchanges.exchange_mic,
        coalesce(units.currency, words.currency) as currency,
        case upper(words.kind)
            when 'EQUITY' then 'equity'
            when 'ETF' then 'etf'
            when 'INDEX' then 'index'
            when 'CRYPTOCURRENCY' then 'crypto'
        end as asset_class
    from symbols
    inner join staging.stg_provider_listings as words
        on symbols.ticker = words.symbol and (symbols.symbol = symbols.ticker) = (words.n_holders_since = 0)
    left join seed.provider_exchanges as exchanges on upper(words.exchange) = exchanges.word
    left join seed.currency_units as units on words.currency = units.word
    where words.source = getvariable('price_source')
    qualify row_number() over (partition by symbols.symbol order by words.n_holders_since) = 1
),

named as (
    select
        symbols.*,
        case when symbols.symbol = symbols.ticker then securities.name end as name,
        coalesce(
            securities.exchange_mic, suffixes.exchange_mic, getvariable('default_exchange'), provided.exchange_mic
        ) as exchange_mic,
        coalesce(securities.currency, suffixes.currency, provided.currency) as currency,
        provided.currency as provider_currency,
        provided.first_date as provider_first_date,
        coalesce(securities.asset_class, provided.asset_class, 'unknown') as asset_class,
        securities.benchmark_symbol
    from symbols
    left join seed.securities on symbols.ticker = securities.symbol
    left join suffixes on symbols.symbol = suffixes.symbol
    left join provided on symbols.symbol = provided.symbol
),

final as (
    select
        named.* exclude (ticker, name),
        coalesce(named.name, named.issuer) as name,
        coalesce(units.major_currency, named.currency) as major_currency,
        coalesce(units.units_per_major::bigint, 1) as units_per_major
    from named
    left join seed.currency_units as units on named.currency = units.word
)

select * from final
