-- grain: one row per final price row of the run's source, under the published symbol of its security
-- key:   batch_id, row_number
-- reads: staging.stg_prices, core.price_holders, core.superseded_symbols
-- units: prices in the currency of the listing, volume in shares or units
with

-- Few symbols ever changed, so that the rows of the others are passed on as they are.
unchanged as (
    select
        *,
        symbol as security_id,
        symbol as source_symbol,
        null::varchar as superseded_by
    from staging.stg_prices
    where symbol is null or symbol not in (select symbol from core.price_holders)
),

changed as (
    select
        prices.* replace (coalesce(holders.published_symbol, prices.symbol) as symbol),
        coalesce(holders.security_id, prices.symbol) as security_id,
        prices.symbol as source_symbol,
        case when prices.session_date >= superseded.superseded_from then superseded.newer_symbol end as superseded_by
    from staging.stg_prices as prices
    left join core.price_holders as holders
        on
            prices.symbol = holders.symbol
            and prices.session_date >= holders.valid_from
            and prices.session_date < holders.valid_until
    left join core.superseded_symbols as superseded
        on holders.symbol = superseded.symbol and holders.security_id = superseded.security_id
    where prices.symbol in (select symbol from core.price_holders)
),

final as (
    select * from unchanged
    union all by name
    select * from changed
)

select * from final
