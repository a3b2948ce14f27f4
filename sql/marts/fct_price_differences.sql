-- grain: one row per symbol, session and two live sources whose closes differ by more than 0.1 %
-- key:   symbol, session_date, source, other_source
-- reads: core.price_differences
-- units: closes in the currency of the listing, the difference is a decimal
with

final as (
    select
        symbol,
        session_date,
        source,
        other_source,
        close,
        other_close,
        difference
    from core.price_differences
)

select * from final
