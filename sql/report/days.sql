-- grain: one row per study, event, symbol and day of the event window
-- key:   study_id, event_id, symbol, relative_day
-- reads: fct_abnormal_returns
-- units: returns are decimals
select
    study_id,
    event_id,
    symbol,
    relative_day,
    session_date,
    abnormal_return,
    abnormal_return_se,
    p_value,
    cum_abnormal_return,
    cum_abnormal_return_se
from fct_abnormal_returns
order by study_id, event_id, symbol, relative_day
