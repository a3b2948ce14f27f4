-- question: Which event and security pairs did the studies ask for and not use, and why?
-- look at:  pending pairs, which a later run will use, and reasons that repeat: one file of prices may be all
--           that lacks.
with

final as (
    select
        study_id,
        status,
        regexp_replace(reason, '[0-9]{4}-[0-9]{2}-[0-9]{2}', '...', 'g') as reason,
        count(*) as n_pairs,
        string_agg(distinct symbol, ', ' order by symbol) as symbols,
        min(event_session) as first_day_0,
        max(event_session) as last_day_0
    from fct_study_securities
    where status <> 'used'
    group by all
    order by n_pairs desc, reason asc
)

select * from final
