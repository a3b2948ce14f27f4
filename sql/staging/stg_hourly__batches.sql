-- grain: one row per batch of hourly bars, known at `as_of`, of each object the run asked for
-- key:   batch_id
-- reads: raw.batches, raw.inputs
-- units: instants in UTC
with

-- All vintages, not the newest alone: a provider of hours may go back two years and no further, so that an older
-- vintage has hours which the newest one lacks.
batches as (
    select *
    from raw.batches
    semi join raw.inputs using (source, object)
    where source = 'hourly_prices' and known_from <= getvariable('as_of')
),

final as (
    select
        *,
        max_by(vintage, known_from) filter (where kind = 'full') over (partition by object) = vintage as is_newest
    from batches
)

select * from final
