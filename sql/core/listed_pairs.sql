-- grain: one row per row of an event list, under the published symbol of the security that its symbol named that day
-- key:   batch_id, row_number
-- reads: staging.stg_files__events, core.symbol_holders
-- units: instants in UTC
with

final as (
    select
        listed.* exclude (symbol),
        listed.symbol as named_symbol,
        coalesce(holders.published_symbol, listed.symbol) as symbol,
        row_number() over (
            partition by listed.event_id, coalesce(holders.published_symbol, listed.symbol)
            order by listed.batch_id asc, listed.row_number asc
        ) as nth
    from staging.stg_files__events as listed
    left join core.symbol_holders as holders
        on
            listed.symbol = holders.symbol
            and coalesce(listed.occurred_at::date, listed.event_date, date '9999-01-01') >= holders.valid_from
            and coalesce(listed.occurred_at::date, listed.event_date, date '9999-01-01') < holders.valid_until
)

select * from final
