-- grain: one row per hour with a final bar of the run's source, from the newest vintage that reaches back to it
-- key:   batch_id, row_number
-- reads: staging.stg_hourly__prices, core.listings, core.hourly_sessions
-- units: prices in the currency of the listing, volume in shares or units; instants in UTC
with

prices as (
    select *
    from staging.stg_hourly__prices
    where source = getvariable('price_source')
),

begun as (
    select
        symbol,
        vintage,
        min(opened_at) as first_opened_at,
        min(known_from) as begun_at
    from prices
    group by symbol, vintage
),

-- A vintage counts up to the first hour of those that followed it.
bounded as (
    select
        symbol,
        vintage,
        min(first_opened_at) over (
            partition by symbol
            order by begun_at
            rows between 1 following and unbounded following
        ) as ends_before
    from begun
),

final as (
    select
        prices.*,
        listings.exchange_mic,
        case
            when
                date_diff('second', sessions.open_at, prices.opened_at) % 3600 = 0
                and prices.opened_at >= sessions.open_at
                and prices.opened_at < sessions.close_at
                then date_diff('second', sessions.open_at, prices.opened_at) // 3600
        end as hour_of_session,
        sessions.n_hours_before + hour_of_session as hour_index,
        least(prices.opened_at + interval 1 hour, sessions.close_at) as closed_at
    from prices
    inner join bounded on prices.symbol = bounded.symbol and prices.vintage = bounded.vintage
    left join core.listings on prices.symbol = listings.symbol
    left join core.hourly_sessions as sessions
        on listings.exchange_mic = sessions.exchange_mic and prices.session_date = sessions.session_date
    where prices.opened_at < bounded.ends_before or bounded.ends_before is null
)

select * from final
