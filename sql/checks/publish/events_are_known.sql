-- check: events_are_known
-- table: mart.fct_event_securities
-- severity: fail
-- limit: 0
-- why: Every event that a fact names is in dim_events.
with named as (
    select distinct
        event_id,
        'fct_event_securities' as named_by
    from mart.fct_event_securities
    union all
    select distinct
        event_id,
        'fct_study_securities' as named_by
    from mart.fct_study_securities
    union all
    select distinct
        event_id,
        'fct_value_impact' as named_by
    from mart.fct_value_impact
)

select named.*
from named
anti join mart.dim_events as events on named.event_id = events.event_id
