-- grain: one row per theme, study and day of the event window
-- key:   theme, study_id, relative_day
-- reads: dim_events, dim_studies, fct_abnormal_returns, fct_study_securities
-- units: returns are decimals; the standard error is clustered by event session, see docs/methods.md
with paths as (
    select
        events.theme,
        days.study_id,
        days.event_id,
        days.symbol,
        days.relative_day,
        pairs.event_session,
        days.cum_abnormal_return as car
    from fct_abnormal_returns as days
    inner join dim_events as events on days.event_id = events.event_id
    inner join dim_studies as studies on days.study_id = studies.study_id
    inner join fct_study_securities as pairs
        on days.study_id = pairs.study_id and days.event_id = pairs.event_id and days.symbol = pairs.symbol
    where events.theme is not null
    -- A mean of other securities on another day would be a jump that no security made.
    qualify
        count(days.cum_abnormal_return) over (partition by days.study_id, days.event_id, days.symbol)
        = studies.event_end - studies.event_start + 1
),

-- Sums are taken in one order, so that the same marts give the same digits.
of_days as (
    select
        theme,
        study_id,
        relative_day,
        avg(car order by event_id, symbol) as caar,
        count(*) as n_pairs
    from paths
    group by theme, study_id, relative_day
),

of_sessions as (
    select
        paths.theme,
        paths.study_id,
        paths.relative_day,
        paths.event_session,
        sum(paths.car - of_days.caar order by paths.event_id, paths.symbol) as deviation
    from paths
    inner join of_days
        on
            paths.theme = of_days.theme and paths.study_id = of_days.study_id
            and paths.relative_day = of_days.relative_day
    group by paths.theme, paths.study_id, paths.relative_day, paths.event_session
)

select
    of_days.theme,
    of_days.study_id,
    of_days.relative_day,
    of_days.caar,
    of_days.n_pairs,
    count(*) as n_sessions,
    -- One session has no other to be held against: no error, no band.
    sqrt(sum(deviation * deviation order by event_session) * count(*) / nullif(count(*) - 1, 0))
    / of_days.n_pairs as caar_se,
    nullif(count(*) - 1, 0) as df
from of_days
inner join of_sessions
    on
        of_days.theme = of_sessions.theme and of_days.study_id = of_sessions.study_id
        and of_days.relative_day = of_sessions.relative_day
group by of_days.theme, of_days.study_id, of_days.relative_day, of_days.caar, of_days.n_pairs
order by of_days.theme, of_days.study_id, of_days.relative_day
