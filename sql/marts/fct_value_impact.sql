-- grain: one row per event and symbol with a known share count
-- key:   event_id, symbol
-- reads: study.abnormal_returns, study.studies, core.prices, core.securities, core.shares
-- units: US dollars, also of prices in cents; shares on the split basis of the newest price
with

-- Of the studies that used the pair, one with a benchmark gives the abnormal return, else the first by name. Only a
-- simple return times a value is money.
day0 as (
    select abnormal_returns.*
    from study.abnormal_returns
    inner join study.studies on abnormal_returns.study_id = studies.study_id
    where
        abnormal_returns.relative_day = 0
        and abnormal_returns.abnormal_return is not null
        and studies.return_type = 'simple'
    qualify row_number() over (
        partition by abnormal_returns.event_id, abnormal_returns.symbol
        order by studies.model = 'constant_mean', studies.study_id
    ) = 1
),

closes as (
    select
        symbol,
        session_date,
        close,
        lag(close) over symbol_days as previous_close,
        session_index - lag(session_index) over symbol_days as n_sessions_since
    from core.prices
    window symbol_days as (partition by symbol order by session_index)
),

final as (
    select
        day0.event_id,
        day0.symbol,
        day0.session_date,
        day0.study_id,
        shares.shares_outstanding,
        shares.filed_date as shares_filed_date,
        closes.previous_close / securities.units_per_major * shares.shares_outstanding as market_cap_before_usd,
        (closes.close - closes.previous_close) / securities.units_per_major * shares.shares_outstanding
            as value_change_usd,
        day0.abnormal_return * closes.previous_close / securities.units_per_major * shares.shares_outstanding
            as abnormal_value_usd
    from day0
    inner join closes on day0.symbol = closes.symbol and day0.session_date = closes.session_date
    inner join core.securities on day0.symbol = securities.symbol
    inner join core.shares
        on
            day0.symbol = shares.symbol
            and day0.session_date > shares.filed_date
            and day0.session_date <= shares.valid_through
    where
        closes.n_sessions_since = 1
        and closes.close is not null
        and closes.previous_close is not null
        and securities.major_currency = 'USD'
        -- Nobody knows what a price is worth whose unit seed and provider state differently.
        and coalesce(securities.provider_currency, securities.currency) = securities.currency
)

select * from final
