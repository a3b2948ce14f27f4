-- grain: one row per study, event and symbol whose status or reaction of day 0 is new or changed
-- key:   study_id, event_id, symbol
-- reads: fct_event_cars, fct_study_securities, previous.fct_event_cars, previous.fct_study_securities
-- reads: previous.generations
-- units: returns are decimals
with now_known as (
    select
        pairs.study_id,
        pairs.event_id,
        pairs.symbol,
        pairs.event_session,
        pairs.status,
        cars.car,
        cars.scar,
        cars.p_value
    from fct_study_securities as pairs
    left join fct_event_cars as cars
        on
            pairs.study_id = cars.study_id and pairs.event_id = cars.event_id and pairs.symbol = cars.symbol
            and cars.window_start = 0 and cars.window_end = 0
),

known_before as (
    select
        pairs.study_id,
        pairs.event_id,
        pairs.symbol,
        pairs.event_session,
        pairs.status,
        cars.car
    from previous.fct_study_securities as pairs
    left join previous.fct_event_cars as cars
        on
            pairs.study_id = cars.study_id and pairs.event_id = cars.event_id and pairs.symbol = cars.symbol
            and cars.window_start = 0 and cars.window_end = 0
)

select
    study_id,
    event_id,
    symbol,
    coalesce(now_known.event_session, known_before.event_session) as event_session,
    known_before.status as status_before,
    now_known.status,
    known_before.car as car_before,
    now_known.car,
    now_known.scar,
    now_known.p_value
from now_known
full outer join known_before using (study_id, event_id, symbol)
where
    exists (select 1 from previous.generations)
    and (known_before.status is distinct from now_known.status or known_before.car is distinct from now_known.car)
order by abs(now_known.scar) desc nulls last, study_id asc, event_id asc, symbol asc
