-- check: prices_are_present
-- table: core.prices
-- severity: fail
-- limit: 0
-- why: Without a single final price there is nothing to study.
with counts as (
    select count(*) as n_prices
    from core.prices
)

select *
from counts
where n_prices = 0
