-- check: studies_are_known
-- table: mart.fct_study_securities
-- severity: fail
-- limit: 0
-- why: Every study that a fact names is in dim_studies.
with named as (
    select distinct
        study_id,
        'fct_study_securities' as named_by
    from mart.fct_study_securities
    union all
    select distinct
        study_id,
        'fct_group_tests' as named_by
    from mart.fct_group_tests
    union all
    select distinct
        study_id,
        'fct_value_impact' as named_by
    from mart.fct_value_impact
)

select named.*
from named
anti join mart.dim_studies as studies on named.study_id = studies.study_id
