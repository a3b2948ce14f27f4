-- check: prices_are_present
-- table: mart.fct_returns
-- severity: fail
-- limit: 0
-- why: A publication without securities or prices would replace a good one with nothing.
with counts as (
    select
        (select count(*) from mart.dim_securities) as n_securities,
        (select count(*) from mart.fct_returns) as n_returns
)

select *
from counts
where n_securities = 0 or n_returns = 0
