-- check: event_ledger_agrees
-- table: mart.fct_event_securities
-- severity: fail
-- limit: 0
-- why: A pair is used exactly if at least one study used it, and both ledgers hold the same pairs.
with by_study as (
    select
        event_id,
        symbol,
        bool_or(status = 'used') as is_used_by_a_study,
        count(*) as n_studies
    from mart.fct_study_securities
    group by event_id, symbol
),

pairs as (
    select
        event_id,
        symbol,
        ledger.status,
        by_study.is_used_by_a_study,
        coalesce(by_study.n_studies, 0) as n_studies
    from mart.fct_event_securities as ledger
    full join by_study using (event_id, symbol)
)

select *
from pairs
where
    status is null
    or n_studies = 0
    or (status = 'used') <> is_used_by_a_study
