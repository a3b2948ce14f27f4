-- grain: one row per batch of the newest vintage, known at `as_of`, of each object the run asked for
-- key:   batch_id
-- reads: raw.batches, raw.inputs
-- units: instants in UTC
with

batches as (
    select *
    from raw.batches
    semi join raw.inputs using (source, object)
    where known_from <= getvariable('as_of')
),

final as (
    select *
    from batches
    qualify vintage = max_by(vintage, known_from) filter (where kind = 'full') over (partition by source, object)
)

select * from final
