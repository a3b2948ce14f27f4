-- grain: one row per final bar of a live source, as the newest batch of the vintage states it
-- key:   batch_id, row_number
-- reads: staging.stg_live__bars
-- units: prices in the currency of the listing, volume in shares or units
with

bars as (
    select *
    from staging.stg_live__bars
    where is_final
),

-- Few batches say a session anew, so that looking up who did costs less than ranking every row of the history.
continued as (
    select
        source,
        symbol,
        session_date,
        max(known_from) as newest_from
    from bars
    where kind != 'full'
    group by source, symbol, session_date
),

final as (
    select bars.* exclude (is_final, kind, fetched_at, known_from)
    from bars
    left join continued
        on
            bars.source = continued.source
            and bars.symbol = continued.symbol
            and bars.session_date = continued.session_date
    where bars.known_from >= coalesce(continued.newest_from, bars.known_from)
)

select * from final
