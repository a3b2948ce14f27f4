-- grain: one row per symbol and filed share count
-- key:   symbol, filed_date
-- reads: core.securities, core.symbol_holders, core.price_actions, core.share_counts, seed.splits
-- units: shares on the split basis of the symbol's newest price
with

counts as (
    select
        coalesce(holders.published_symbol, filed.symbol) as symbol,
        filed.as_of_date,
        filed.filed_date,
        filed.shares_outstanding as shares_as_filed
    from core.share_counts as filed
    left join core.symbol_holders as holders
        on
            filed.symbol = holders.symbol
            and filed.filed_date >= holders.valid_from
            and filed.filed_date < holders.valid_until
),

listed_splits as (
    select
        coalesce(holders.published_symbol, splits.symbol) as symbol,
        splits.ex_date::date as ex_date,
        splits.ratio::double as ratio,
        false as is_stated
    from seed.splits
    left join core.symbol_holders as holders
        on
            splits.symbol = holders.symbol
            and splits.ex_date::date >= holders.valid_from
            and splits.ex_date::date < holders.valid_until
),

-- A live source states the splits that its closes are adjusted for, the newest of which no seed may know yet.
stated_splits as (
    select
        symbol,
        action_date as ex_date,
        value as ratio,
        true as is_stated
    from core.price_actions
    where kind = 'split' and source = getvariable('price_source')
),

-- Of one split that both know, the days may differ a little.
splits as (
    select * from stated_splits
    union all by name
    select listed.*
    from listed_splits as listed
    anti join stated_splits as stated
        on listed.symbol = stated.symbol and stated.ex_date between listed.ex_date - 7 and listed.ex_date + 7
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
        periods.shares_as_filed * coalesce(product(splits.ratio), 1) as shares_outstanding
    from periods
    inner join core.securities on periods.symbol = securities.symbol
    left join splits
        on
            periods.symbol = splits.symbol
            and periods.as_of_date < splits.ex_date
            and (splits.is_stated or securities.last_session >= splits.ex_date)
    group by periods.symbol, periods.filed_date, periods.valid_through, periods.shares_as_filed
)

select * from final
