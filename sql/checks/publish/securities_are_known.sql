-- check: securities_are_known
-- table: mart.fct_returns
-- severity: fail
-- limit: 0
-- why: Every security with returns or results is in dim_securities; a pair that is not used may name one that has
--      no prices.
with named as (
    select distinct
        symbol,
        'fct_returns' as named_by
    from mart.fct_returns
    union all
    select distinct
        symbol,
        'fct_study_securities' as named_by
    from mart.fct_study_securities
    where status = 'used'
    union all
    select distinct
        symbol,
        'fct_value_impact' as named_by
    from mart.fct_value_impact
)

select named.*
from named
anti join mart.dim_securities as securities on named.symbol = securities.symbol
