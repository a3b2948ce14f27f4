-- grain: one row per event and other thing in the event window of its securities
-- key:   event_id, confounder_kind, confounder_id
-- reads: fct_confounders
-- units: sessions from day 0
select
    event_id,
    confounder_kind,
    confounder_id,
    min(title) as title,
    min(confounder_session) as confounder_session,
    arg_min(relative_day, distance) as relative_day,
    bool_or(is_named) as is_named,
    count(*) as n_securities,
    string_agg(symbol, ' ' order by symbol) as symbols
from fct_confounders
where in_window = 'event'
group by event_id, confounder_kind, confounder_id
order by event_id asc, is_named desc, min(distance) asc, confounder_kind asc, confounder_id asc
