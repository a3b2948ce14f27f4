-- grain: one row per symbol and filed share count
-- key:   symbol, filed_date
-- reads: core.securities, core.share_counts, seed.splits
-- units: shares on the split basis of the symbol's newest price
with

counts as (
    select
        symbol,
        as_of_date,
        filed_date,
        shares_outstanding as shares_as_filed
    from core.share_counts
),

-- A count serves until the next one is filed, and for 400 days at the most.
periods as (
    select
        *,
        least(
            filed_date + 400,
            coalesce(lead(filed_date) over (partition by symbol order by filed_date), filed_date + 400)
        ) as valid_through
    from counts
),

final as (
    select
        periods.symbol,
        periods.filed_date,
        periods.valid_through,
        periods.shares_as_filed * coalesce(product(splits.ratio::double), 1) as shares_outstanding
    from periods
    inner join core.securities on periods.symbol = securities.symbol
    left join seed.splits
        on
            periods.symbol = splits.symbol
            and splits.ex_date::date > periods.as_of_date
            and splits.ex_date::date <= securities.last_session
    group by periods.symbol, periods.filed_date, periods.valid_through, periods.shares_as_filed
)

select * from final
