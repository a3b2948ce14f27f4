-- grain: one row per vintage and hour with a final bar, as the newest batch of the vintage states it
-- key:   batch_id, row_number
-- reads: staging.stg_hourly__bars
-- units: prices in the currency of the listing, volume in shares or units; instants in UTC
with

final as (
    select * exclude (kind, is_final)
    from staging.stg_hourly__bars
    where is_final
    qualify row_number() over (
        partition by source, symbol, vintage, opened_at
        order by known_from desc, batch_id desc, row_number desc
    ) = 1
)

select * from final
