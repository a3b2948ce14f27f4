-- grain: one row per object the run asked for, its newest version known at `as_of`
-- key:   source, object
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
    qualify row_number() over (partition by source, object order by known_from desc) = 1
)

select * from final
