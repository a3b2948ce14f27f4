-- grain: one row per factor row of the run's sources
-- key:   batch_id, row_number
-- reads: staging.stg_files__factors, staging.stg_ken_french__factors
-- units: value in decimals, stated_value in the unit of the source
with

-- The French data library writes -99.99 or -999 for a missing return; divided by 100 it means the same in decimals.
files_factors as (
    select
        batch_id,
        row_number,
        'factor file' as source,
        factor_date,
        factor,
        value as stated_value,
        case
            when round(value, 2) in (-99.99, -999) then null
            when getvariable('factor_unit') = 'percent' then value / 100
            when round(value, 4) in (-0.9999, -9.99) then null
            else value
        end as value,
        unreadable
    from staging.stg_files__factors
),

-- SMB of the five factors is another portfolio than SMB of the three, so the names of both files stay apart: what the
-- file of five shares with the file of three by name ends in _ff5.
ken_french_factors as (
    select
        batch_id,
        row_number,
        'French data library' as source,
        factor_date,
        case
            when dataset = 'ff5_daily' and factor in ('mkt_rf', 'smb', 'hml', 'rf') then factor || '_ff5'
            else factor
        end as factor,
        value_pct as stated_value,
        case when round(value_pct, 2) in (-99.99, -999) then null else value_pct / 100 end as value,
        null::varchar as unreadable
    from staging.stg_ken_french__factors
),

final as (
    select * from files_factors
    union all
    select * from ken_french_factors
)

select * from final
