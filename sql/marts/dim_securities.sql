-- grain: one row per symbol with prices
-- key:   symbol
-- reads: core.securities
-- units: dates are exchange-local
with

final as (
    select
        symbol,
        name,
        exchange_mic,
        currency,
        asset_class,
        benchmark_symbol,
        source,
        return_basis,
        session_basis,
        first_session,
        last_session,
        last_index as last_session_index,
        n_sessions,
        is_ended
    from core.securities
)

select * from final
