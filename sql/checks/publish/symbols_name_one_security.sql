-- check: symbols_name_one_security
-- table: mart.dim_symbols
-- severity: fail
-- limit: 0
-- why: On one day a symbol names one security, a published symbol is one security's, and each security has its symbol.
with overlapping as (
    select
        one.symbol,
        one.security_id,
        'overlaps with ' || other.security_id as problem
    from mart.dim_symbols as one
    inner join mart.dim_symbols as other
        on
            one.symbol = other.symbol
            and one.holder_number < other.holder_number
            and coalesce(one.last_date, date '9999-12-31') >= coalesce(other.first_date, date '0001-01-01')
),

shared as (
    select
        published_symbol as symbol,
        min(security_id) as security_id,
        'is the published symbol of several securities' as problem
    from mart.dim_symbols
    group by published_symbol
    having count(distinct security_id) > 1
),

unnamed as (
    select
        symbol,
        security_id,
        'has no row in dim_symbols' as problem
    from mart.dim_securities
    anti join mart.dim_symbols as known
        on dim_securities.security_id = known.security_id and dim_securities.symbol = known.published_symbol
)

select * from overlapping
union all
select * from shared
union all
select * from unnamed
