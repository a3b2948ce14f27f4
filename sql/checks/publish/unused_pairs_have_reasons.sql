-- check: unused_pairs_have_reasons
-- table: mart.fct_event_securities
-- severity: fail
-- limit: 0
-- why: A pair that is pending or excluded says why; nothing is dropped in silence.
with ledgers as (
    select
        null as study_id,
        event_id,
        symbol,
        status,
        reason
    from mart.fct_event_securities
    union all
    select
        study_id,
        event_id,
        symbol,
        status,
        reason
    from mart.fct_study_securities
)

select *
from ledgers
where status <> 'used' and coalesce(trim(reason), '') = ''
