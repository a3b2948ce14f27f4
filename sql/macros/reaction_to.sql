-- table: reaction_to(event, from_day := 0, to_day := 0, ...)
-- help:  how each security that any study asks an event of the catalogue for reacted, the strongest reaction first
-- grain: one row per symbol of the event in fct_event_securities
-- key:   symbol
-- reads: fct_event_securities, study_cars
-- units: returns are decimals
with

ledger as (
    select *
    from fct_event_securities as ledger
    where ledger.event_id = event
),

asked as (
    select
        ledger.event_id,
        ledger.symbol,
        ledger.event_session::varchar as event_at,
        ledger.expected_sign
    from ledger
    union all
    select
        event as event_id,
        null as symbol,
        null as event_at,
        null as expected_sign
    where (select count(*) from ledger) = 0
),

cars as (
    select *
    from study_cars(
        (
            select
                list(
                    struct_pack(
                        event_id := asked.event_id,
                        symbol := asked.symbol,
                        event_at := asked.event_at,
                        group_value := 'all',
                        expected_sign := asked.expected_sign
                    )
                )
            from asked
        ),
        from_day, to_day, model, benchmark, est_from, est_to, day_from, day_to, min_obs, return_type
    )
),

final as (
    select
        cars.* exclude (
            group_value, pair_id, event_index, slope, estimation_dates, estimation_y, estimation_x
        ) replace (
            case
                when cars.symbol is null
                    then
                        concat(
                            'fct_event_securities has no event ', coalesce(event, 'null'),
                            '; expected one of ',
                            (select count(distinct known.event_id) from fct_event_securities as known),
                            ', see dim_events'
                        )
                when cars.event_session is null then coalesce(ledger.reason, cars.reason)
                else cars.reason
            end as reason
        ),
        ledger.day0_rule,
        ledger.n_confounders
    from cars
    left join ledger on cars.symbol = ledger.symbol
    order by abs(cars.t_stat) desc nulls last, cars.symbol
)

select * from final
