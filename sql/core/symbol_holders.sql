-- grain: one row per symbol and time in which whoever wrote it meant one security
-- key:   symbol, valid_from
-- reads: core.symbol_periods, core.published_symbols
-- units: dates are exchange-local, valid_until is the first day after
with

-- In a gap between two securities the symbol means the one that had it last.
periods as (
    select
        symbol,
        security_id,
        coalesce(first_date, date '0001-01-01') as valid_from,
        coalesce(lead(first_date) over (partition by symbol order by holder_number), date '9999-12-31') as valid_until
    from core.symbol_periods
),

-- Before anybody had it, it can only be the present name of whoever has it now.
earlier as (
    select
        symbol,
        arg_max(security_id, holder_number) as security_id,
        date '0001-01-01' as valid_from,
        min(first_date) as valid_until
    from core.symbol_periods
    group by symbol
    having count(*) = count(first_date)
),

holders as (
    select * from periods
    union all
    select * from earlier
),

final as (
    select
        holders.*,
        published_symbols.symbol as published_symbol
    from holders
    inner join core.published_symbols on holders.security_id = published_symbols.security_id
)

select * from final
