-- grain: one row per source, symbol and session that has a provisional bar and no final one
-- key:   source, symbol, session_date
-- reads: staging.stg_live__bars, staging.stg_live__prices
-- units: prices in the currency of the listing, volume in shares or units; instants in UTC
with

provisional as (
    select *
    from staging.stg_live__bars
    where not is_final and n_holders_since = 0
),

final as (
    select provisional.*
    from provisional
    anti join staging.stg_live__prices using (source, symbol, session_date)
    qualify row_number() over (
        partition by source, symbol, session_date
        order by known_from desc, batch_id desc, row_number desc
    ) = 1
)

select * from final
