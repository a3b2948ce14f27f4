-- grain: one row per symbol, session and two live sources whose closes differ by more than 0.1 %
-- key:   symbol, session_date, source, other_source
-- reads: staging.stg_live__prices, core.price_holders
-- units: closes in the currency of the listing, the difference is a decimal
with

prices as (
    select
        stated.source,
        coalesce(holders.published_symbol, stated.symbol) as symbol,
        stated.session_date,
        stated.close
    from staging.stg_live__prices as stated
    left join core.price_holders as holders
        on
            stated.symbol = holders.symbol
            and stated.session_date >= holders.valid_from
            and stated.session_date < holders.valid_until
    where stated.close > 0 and isfinite(stated.close)
),

pairs as (
    select
        prices.symbol,
        prices.session_date,
        prices.source,
        others.source as other_source,
        prices.close,
        others.close as other_close,
        others.close / prices.close - 1 as difference
    from prices
    inner join prices as others
        on
            prices.symbol = others.symbol
            and prices.session_date = others.session_date
            and prices.source < others.source
),

final as (
    select *
    from pairs
    -- Half a cent is 0.1 % of a price of 5; a smaller difference is rounding.
    where abs(difference) > 0.001
    qualify row_number() over (
        partition by symbol, session_date, source, other_source
        order by abs(difference) desc, close desc, other_close desc
    ) = 1
)

select * from final
