-- question: What did each turn of the US export controls do to the securities it names?
-- look at:  the sign of relief events (licences, withdrawn rules) against that of new rules, and car_3_days:
--           filings that came in the evening can reach the next session.
with

cars as (
    select *
    from fct_event_cars
    where study_id like 'catalogue-%'
),

day_0 as (
    select * from cars
    where window_start = 0 and window_end = 0
),

three_days as (
    select * from cars
    where window_start = -1 and window_end = 1
),

final as (
    select
        fct_event_securities.event_session,
        day_0.event_id,
        day_0.symbol,
        fct_event_securities.expected_sign,
        day_0.car as car_day_0,
        day_0.t_stat,
        day_0.p_value,
        three_days.car as car_3_days
    from day_0
    inner join dim_events on day_0.event_id = dim_events.event_id
    inner join fct_event_securities
        on day_0.event_id = fct_event_securities.event_id and day_0.symbol = fct_event_securities.symbol
    inner join three_days on day_0.event_id = three_days.event_id and day_0.symbol = three_days.symbol
    where dim_events.theme = 'regulation'
    order by fct_event_securities.event_session, day_0.event_id, day_0.symbol
)

select * from final
