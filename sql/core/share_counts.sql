-- grain: one row per symbol and day of filing
-- key:   symbol, filed_date
-- reads: staging.stg_edgar__share_counts, seed.shares_outstanding
-- units: shares on the split basis of as_of_date
with

-- Filers of several share classes state no count on the cover, only in the balance sheet.
preferred as (
    select *
    from staging.stg_edgar__share_counts
    where shares_outstanding > 0
    qualify concept like 'dei:%' or not bool_or(concept like 'dei:%') over (partition by symbol)
),

-- A count became known when it was first filed; later filings state it again, at times on a newer split basis.
first_filed as (
    select *
    from preferred
    qualify row_number() over (partition by symbol, as_of_date order by filed_date, accession, row_number) = 1
),

latest_of_filing as (
    select *
    from first_filed
    qualify row_number() over (partition by symbol, filed_date order by as_of_date desc) = 1
),

-- A report that comes late states a count that was overtaken before anybody could read it.
edgar_counts as (
    select
        symbol,
        as_of_date,
        filed_date,
        shares_outstanding
    from latest_of_filing
    qualify as_of_date >= max(as_of_date) over (partition by symbol order by filed_date)
),

seed_counts as (
    select
        symbol,
        as_of_date::date as as_of_date,
        filed_date::date as filed_date,
        shares_outstanding::double as shares_outstanding
    from seed.shares_outstanding
),

-- A row of the seed corrects what EDGAR states of the same day of filing.
final as (
    select * from seed_counts
    union all
    select * from edgar_counts
    anti join seed_counts using (symbol, filed_date)
)

select * from final
