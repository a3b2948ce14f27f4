-- check: currencies_agree
-- table: mart.dim_securities
-- severity: warn
-- limit: 0
-- why: Seed and provider state one currency, in one unit. If they do not, nothing of the security is turned into
--      money: correct its row in securities.csv or exchange_suffixes.csv, or ask why the provider has changed.
select
    symbol,
    security_id,
    currency,
    provider_currency,
    exchange_mic,
    source
from mart.dim_securities
where provider_currency <> currency
