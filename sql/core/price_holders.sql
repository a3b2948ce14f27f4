-- grain: one row per symbol of the run's prices and time in which its rows are one security's
-- key:   symbol, valid_from
-- reads: core.symbol_periods, core.published_symbols, core.dated_rows
-- units: dates are exchange-local, valid_until is the first day after
with

firsts as (
    select
        symbol,
        min(session_date) as first_session
    from core.dated_rows
    group by symbol
),

changes as (
    select
        *,
        lag(security_id) over by_time as former_id,
        lag(last_date) over by_time as former_last
    from core.symbol_periods
    window by_time as (partition by symbol order by holder_number)
),

between_holders as (
    select
        changes.symbol,
        changes.holder_number,
        count(*) as n_rows
    from changes
    inner join core.dated_rows
        on
            changes.symbol = dated_rows.symbol
            and changes.former_last < dated_rows.session_date
            and changes.first_date > dated_rows.session_date
    group by changes.symbol, changes.holder_number
),

-- Many vendors give a whole history under the name of today. Two things tell: rows of a time in which nobody had the
-- symbol, on three weekdays and half of all at least, and rows of the former security under its own present name.
judged as (
    select
        changes.*,
        coalesce(between_holders.n_rows, 0) >= greatest(3, (changes.first_date - changes.former_last) * 5 / 14)
        or coalesce(firsts.first_session <= changes.former_last, false) as is_served_back
    from changes
    left join between_holders
        on changes.symbol = between_holders.symbol and changes.holder_number = between_holders.holder_number
    left join core.published_symbols as former on changes.former_id = former.security_id
    left join firsts on former.ticker = firsts.symbol and changes.symbol != former.ticker
),

-- Stray rows between two securities go to the nearer one.
series as (
    select
        *,
        case
            when holder_number = 1 then date '0001-01-01'
            else former_last + ((first_date - former_last + 1) // 2)::integer
        end as begins,
        count(*) filter (where holder_number = 1 or not is_served_back) over (
            partition by symbol order by holder_number
        ) as series_number
    from judged
),

holders as (
    select
        symbol,
        arg_max(security_id, holder_number) as security_id,
        arg_max(first_date, holder_number) as named_from,
        min(begins) as valid_from
    from series
    group by symbol, series_number
),

final as (
    select
        holders.*,
        coalesce(
            lead(holders.valid_from) over (partition by holders.symbol order by holders.valid_from), date '9999-12-31'
        ) as valid_until,
        published_symbols.symbol as published_symbol
    from holders
    inner join core.published_symbols on holders.security_id = published_symbols.security_id
)

select * from final
