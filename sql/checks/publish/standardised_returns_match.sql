-- check: standardised_returns_match
-- table: mart.fct_abnormal_returns
-- severity: fail
-- limit: 0
-- why: A standardised abnormal return is the abnormal return over its standard error, and stands where both do.
with ratios as (
    select
        study_id,
        event_id,
        symbol,
        relative_day,
        abnormal_return,
        abnormal_return_se,
        std_abnormal_return,
        abnormal_return / nullif(abnormal_return_se, 0) as ratio
    from mart.fct_abnormal_returns
)

select *
from ratios
where
    (std_abnormal_return is null) <> (ratio is null)
    or abs(std_abnormal_return - ratio) > 1e-9 * greatest(1, abs(ratio))
