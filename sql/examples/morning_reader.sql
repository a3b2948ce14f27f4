-- question: I open the marts in the morning: what moved last session further than it usually does, and was
--           there an event?
-- look at:  move_in_sd: the return in standard deviations of the security's 60 sessions before; above 3 is
--           worth a look. Securities whose prices end more than five days before the newest are left out: they
--           have no last session.
with

ranked as (
    select
        symbol,
        session_date,
        simple_return,
        avg(simple_return) over before as usual_mean,
        stddev_samp(simple_return) over before as usual_sd,
        count(simple_return) over before as n_before
    from fct_returns
    window before as (partition by symbol order by session_date rows between 60 preceding and 1 preceding)
),

last_session as (
    select *
    from ranked
    where n_before >= 40 and usual_sd > 0
    qualify row_number() over (partition by symbol order by session_date desc) = 1
),

events as (
    select
        symbol,
        event_session,
        string_agg(event_id, ', ' order by event_id) as events
    from fct_event_securities
    group by symbol, event_session
),

final as (
    select
        last_session.symbol,
        last_session.session_date,
        last_session.simple_return,
        (last_session.simple_return - last_session.usual_mean) / last_session.usual_sd as move_in_sd,
        events.events
    from last_session
    left join events
        on last_session.symbol = events.symbol and last_session.session_date = events.event_session
    where
        last_session.simple_return is not null
        and last_session.session_date >= (select max(fct_returns.session_date) from fct_returns) - 5
    order by abs(move_in_sd) desc
    limit 15
)

select * from final
