-- grain: one row per symbol of the run that a live source was found to give to another security, as known at `as_of`
-- key:   source, symbol, first_date
-- reads: raw.symbol_reuses, raw.batches, raw.inputs
-- units: dates are exchange-local
with

known as (
    select
        symbol_reuses.*,
        batches.known_from
    from raw.symbol_reuses
    inner join raw.batches on symbol_reuses.batch_id = batches.batch_id
    where batches.known_from <= getvariable('as_of')
),

final as (
    select
        known.source,
        known.symbol,
        known.last_date,
        known.first_date,
        known.reason,
        known.known_from
    from known
    semi join raw.inputs on known.source || '_prices' = inputs.source and known.symbol = inputs.object
)

select * from final
