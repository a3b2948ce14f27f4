-- grain: one row per symbol and security whose rows a newer symbol of the security makes superfluous
-- key:   symbol, security_id
-- reads: core.price_holders, core.dated_rows
-- units: dates are exchange-local
with

series as (
    select
        price_holders.symbol,
        price_holders.security_id,
        price_holders.named_from,
        min(dated_rows.session_date) as first_session
    from core.price_holders
    inner join core.dated_rows
        on
            price_holders.symbol = dated_rows.symbol
            and price_holders.valid_from <= dated_rows.session_date
            and price_holders.valid_until > dated_rows.session_date
    group by price_holders.symbol, price_holders.security_id, price_holders.named_from
),

-- Files go on under the new symbol where the old one ends. The symbols of a live source are vintages of their own, and
-- two vintages make no series.
final as (
    select
        series.symbol,
        series.security_id,
        min_by(newer.symbol, newer.first_session) as newer_symbol,
        case
            when getvariable('price_source') in ('sample', 'files') then min(newer.first_session)
            else date '0001-01-01'
        end as superseded_from
    from series
    inner join series as newer
        on
            series.security_id = newer.security_id
            and coalesce(series.named_from, date '0001-01-01') < newer.named_from
    group by series.symbol, series.security_id
)

select * from final
