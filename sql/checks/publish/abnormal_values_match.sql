-- check: abnormal_values_match
-- table: mart.fct_value_impact
-- severity: fail
-- limit: 0
-- why: An abnormal value is the value before day 0 times the abnormal return of day 0 in the study it names.
with impacts as (
    select
        impact.event_id,
        impact.symbol,
        impact.study_id,
        impact.market_cap_before_usd,
        impact.abnormal_value_usd,
        days.abnormal_return
    from mart.fct_value_impact as impact
    left join mart.fct_abnormal_returns as days
        on
            impact.study_id = days.study_id
            and impact.event_id = days.event_id
            and impact.symbol = days.symbol
            and days.relative_day = 0
)

select *
from impacts
where
    abnormal_return is null
    or abs(abnormal_value_usd - abnormal_return * market_cap_before_usd) > 1e-9 * greatest(1, market_cap_before_usd)
