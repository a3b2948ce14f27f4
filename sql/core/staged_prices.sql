-- grain: one row per final price row of the run's source, under the published symbol of its security
-- key:   batch_id, row_number
-- reads: staging.stg_prices, core.price_holders, core.superseded_symbols
-- units: prices in the currency of the listing, volume in shares or units
with

final as (
    select
        prices.* exclude (symbol),
        coalesce(price_holders.published_symbol, prices.symbol) as symbol,
        coalesce(price_holders.security_id, prices.symbol) as security_id,
        prices.symbol as source_symbol,
        case when prices.session_date >= superseded.superseded_from then superseded.newer_symbol end as superseded_by
    from staging.stg_prices as prices
    left join core.price_holders
        on
            prices.symbol = price_holders.symbol
            and prices.session_date >= price_holders.valid_from
            and prices.session_date < price_holders.valid_until
    left join core.superseded_symbols as superseded
        on price_holders.symbol = superseded.symbol and price_holders.security_id = superseded.security_id
)

select * from final
