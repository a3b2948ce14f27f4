-- grain: one row per symbol, session and two live sources whose closes differ by more than 0.1 %
-- key:   symbol, session_date, source, other_source
-- reads: staging.stg_live__prices
-- units: closes in the currency of the listing, the difference is a decimal
with

prices as (
    select *
    from staging.stg_live__prices
    where close > 0 and isfinite(close)
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
