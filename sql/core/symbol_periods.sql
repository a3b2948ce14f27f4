-- grain: one row per symbol of which more is known than its own name and security that it named, in the order of time
-- key:   symbol, holder_number
-- reads: seed.security_symbols, staging.stg_symbol_reuses, core.dated_rows
-- units: dates are exchange-local
with

stated as (
    select
        symbol,
        security_id,
        first_date::date as first_date,
        last_date::date as last_date,
        reason,
        share_class,
        issuer,
        evidence
    from seed.security_symbols
),

-- A live source was found to give the symbol to another security; a seed that knows who had it that day knows better.
found_live as (
    select
        symbol,
        first_date,
        last_date as former_last,
        reason as evidence
    from staging.stg_symbol_reuses as reuses
    where
        source = getvariable('price_source')
        and not exists (
            select 1 from stated
            where stated.symbol = reuses.symbol and coalesce(stated.last_date, reuses.first_date) >= reuses.first_date
        )
),

ended as (
    select
        symbol,
        max(last_date) as ended_on
    from stated
    group by symbol
    having count(*) = count(last_date)
),

-- Prices that begin anew more than a month after the last day that a seed knows are another security's.
found_in_rows as (
    select
        rows_after.symbol,
        min(session_date) filter (where session_date > ended_on) as first_date,
        ended.ended_on as former_last,
        'the prices begin anew after the symbol had ended on ' || ended.ended_on as evidence
    from core.dated_rows as rows_after
    inner join ended on rows_after.symbol = ended.symbol
    group by rows_after.symbol, ended.ended_on
    having first_date > coalesce(max(session_date) filter (where session_date <= ended_on), ended.ended_on) + 31
),

found as (
    select * from found_live
    union all by name
    select * from found_in_rows
    anti join found_live using (symbol)
),

periods as (
    select * from stated
    union all by name
    select
        symbol,
        symbol as security_id,
        min(former_last) as last_date,
        'listing' as reason
    from found
    anti join stated using (symbol)
    group by symbol
    union all by name
    select
        symbol,
        symbol || ':' || first_date as security_id,
        first_date,
        lead(former_last) over (partition by symbol order by first_date) as last_date,
        'reuse' as reason,
        evidence
    from found
),

final as (
    select
        *,
        row_number() over (partition by symbol order by first_date nulls first) as holder_number
    from periods
)

select * from final
