-- grain: one row per study, event, symbol and session of the estimation window; the 8 strongest reactions of day 0
-- key:   study_id, event_id, symbol, session_date
-- reads: dim_studies, fct_abnormal_returns, fct_returns, fct_study_securities
-- units: returns are decimals
with asked as (
    select
        pairs.study_id,
        pairs.event_id,
        pairs.symbol,
        pairs.alpha,
        case when studies.model = 'constant_mean' then 0.0 else pairs.beta end as beta,
        pairs.event_session,
        studies.model,
        studies.return_type,
        studies.benchmark_symbol,
        studies.estimation_start,
        studies.estimation_end
    from fct_study_securities as pairs
    inner join dim_studies as studies on pairs.study_id = studies.study_id
    inner join fct_abnormal_returns as day_0
        on
            pairs.study_id = day_0.study_id and pairs.event_id = day_0.event_id
            and pairs.symbol = day_0.symbol and day_0.relative_day = 0
    where
        pairs.status = 'used' and studies.model in ('market', 'market_adjusted', 'constant_mean')
        and coalesce(json_extract_string(studies.spec, '$.measure'), 'return') = 'return'
    qualify row_number() over (
        partition by pairs.study_id, pairs.event_id
        order by abs(day_0.std_abnormal_return) desc nulls last, pairs.symbol
    ) <= 8
),

spans as (
    select
        asked.*,
        own.session_date,
        case when asked.return_type = 'log' then own.log_return else own.simple_return end as own_return,
        case
            when asked.model = 'constant_mean' then 0.0
            when asked.return_type = 'log' then market.log_return
            else market.simple_return
        end as market_return
    from asked
    inner join fct_returns as event_day
        on asked.symbol = event_day.symbol and asked.event_session = event_day.session_date
    inner join fct_returns as own
        on
            asked.symbol = own.symbol
            and own.session_index - event_day.session_index
            between asked.estimation_start and asked.estimation_end
    left join fct_returns as market
        on
            asked.benchmark_symbol = market.symbol and own.session_date = market.session_date
            and own.previous_session_date = market.previous_session_date
)

select
    study_id,
    event_id,
    symbol,
    session_date,
    own_return - coalesce(alpha, 0.0) - beta * market_return as residual
from spans
where residual is not null
order by study_id, event_id, symbol, session_date
