-- grain: one row per published symbol with prices
-- key:   symbol
-- reads: core.securities
-- units: dates are exchange-local
with

final as (
    select
        symbol,
        security_id,
        name,
        issuer,
        share_class,
        exchange_mic,
        currency,
        major_currency,
        units_per_major,
        is_minor_unit,
        provider_currency,
        asset_class,
        benchmark_symbol,
        source,
        return_basis,
        session_basis,
        first_session,
        last_session,
        last_index as last_session_index,
        n_sessions,
        is_ended,
        ended_date
    from core.securities
)

select * from final
