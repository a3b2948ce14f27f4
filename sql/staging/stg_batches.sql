-- grain: one row per object of a source, its newest version known at `as_of`
-- key:   source, object
-- reads: raw.batches
-- units: instants in UTC
with

batches as (
    select *
    from raw.batches
    where known_from <= getvariable('as_of')
),

final as (
    select *
    from batches
    qualify row_number() over (partition by source, object order by known_from desc) = 1
)

select * from final
