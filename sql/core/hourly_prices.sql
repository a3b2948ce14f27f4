-- grain: one row per symbol and hour of a session with a sound final bar
-- key:   symbol, opened_at
-- reads: core.hourly_statements, core.hourly_violations
-- units: prices in the currency of the listing, volume in shares or units; returns are decimals over exactly one hour
with

prices as (
    select
        *,
        lag(close) over symbol_hours as previous_close,
        hour_index - lag(hour_index) over symbol_hours as n_hours_since
    from core.hourly_statements
    anti join core.hourly_violations using (batch_id, row_number)
    window symbol_hours as (partition by symbol, vintage order by opened_at)
),

final as (
    select
        symbol,
        opened_at,
        session_date,
        hour_of_session,
        open,
        high,
        low,
        close,
        volume,
        case when n_hours_since = 1 then close / previous_close - 1 end as simple_return,
        vintage
    from prices
)

select * from final
