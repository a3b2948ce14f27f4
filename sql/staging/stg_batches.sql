-- grain: one row per batch of the newest vintage, known at `as_of`, of each object of the run and holder of its symbol
-- key:   batch_id
-- reads: raw.batches, raw.inputs, staging.stg_symbol_reuses
-- units: instants in UTC
with

batches as (
    select *
    from raw.batches
    semi join raw.inputs using (source, object)
    where known_from <= getvariable('as_of')
),

-- A vintage of before a symbol was another security's is that of a former holder, and stays beside the newest one.
-- The objects that are versions of the symbol: its prices, and what was said beside them.
reuses as (
    select
        known_from,
        unnest([source || '_prices', 'price_actions', 'provider_listings']) as source,
        unnest([symbol, source || '_prices:' || symbol, source || '_prices:' || symbol]) as object
    from staging.stg_symbol_reuses
),

former as (
    select
        batches.batch_id,
        count(*) as n_holders_since
    from batches
    inner join reuses
        on
            batches.source = reuses.source
            and batches.object = reuses.object
            and batches.known_from < reuses.known_from
    group by batches.batch_id
),

final as (
    select
        batches.*,
        coalesce(former.n_holders_since, 0) as n_holders_since
    from batches
    left join former on batches.batch_id = former.batch_id
    -- What continues a vintage continues the newest one, so that the newest batch tells it.
    qualify batches.vintage = max_by(batches.vintage, batches.known_from) over (
        partition by batches.source, batches.object, coalesce(former.n_holders_since, 0)
    )
)

select * from final
