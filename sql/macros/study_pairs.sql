-- table: study_pairs(pairs, ...)
-- help:  what every study is made of: one row per pair with its day 0, its model and its days as lists
-- grain: one row per element of pairs, a list of structs with event_id, symbol, event_at (text) and group_value
-- key:   pair_id
-- reads: dim_securities, dim_sessions, fct_returns, study_problem, study_parameters, study_min_obs
-- units: returns are decimals; days are sessions of the listing from day 0
with

listed as (
    select pairs as elements
),

asked as (
    select
        unnest(range(1, len(elements) + 1)) as pair_id,
        unnest(elements, max_depth := 2)
    from listed
),

named as (
    select
        asked.*,
        securities.symbol is not null as has_prices,
        securities.exchange_mic,
        securities.first_session,
        securities.last_session,
        securities.last_session_index,
        securities.is_ended,
        benchmarks.symbol is not null as has_benchmark,
        benchmarks.return_basis as benchmark_basis,
        case when model != 'constant_mean' then coalesce(benchmark, securities.benchmark_symbol) end
            as benchmark_symbol,
        case when securities.exchange_mic is null then asked.symbol end as own_calendar,
        case
            when regexp_full_match(event_at, '\d{4}-\d{2}-\d{2}') then try_cast(event_at as date)
            when regexp_full_match(event_at, '\d{4}-\d{2}-\d{2}.+(Z|[+-]\d{2}(:?\d{2}){0,2})')
                then (try_cast(event_at as timestamptz) at time zone 'UTC')::date
        end as event_day,
        case when event_at not similar to '\d{4}-\d{2}-\d{2}' then try_cast(event_at as timestamptz) end
            as event_instant,
        study_problem(model, est_from, est_to, day_from, day_to, min_obs, return_type) as problem
    from asked
    left join dim_securities as securities on asked.symbol = securities.symbol
    left join dim_securities as benchmarks
        on
            case when model != 'constant_mean' then coalesce(benchmark, securities.benchmark_symbol) end
            = benchmarks.symbol
),

-- Where the exchange is not known the sessions are the dates of the security's own prices.
sessions as (
    select
        exchange_mic,
        null::varchar as own_calendar,
        session_date,
        open_at,
        close_at,
        session_index
    from dim_sessions
    union all
    select
        null::varchar,
        returns.symbol,
        returns.session_date,
        null::timestamptz,
        null::timestamptz,
        returns.session_index
    from fct_returns as returns
    semi join (select own_calendar from named where has_prices) as own on returns.symbol = own.own_calendar
),

-- No exchange is closed for a month; a listing without one may have no price for longer.
around as (
    select
        named.pair_id,
        sessions.session_date,
        sessions.session_index,
        case
            when named.event_instant is null then sessions.session_date <= named.event_day
            when sessions.close_at is null then sessions.session_date <= named.event_day + 1
            else sessions.open_at <= named.event_instant
        end as is_before,
        case
            when named.event_instant is null then sessions.session_date >= named.event_day
            when sessions.close_at is null then sessions.session_date > named.event_day
            else sessions.close_at > named.event_instant
        end as can_hold_it
    from named
    inner join sessions
        on
            named.exchange_mic is not distinct from sessions.exchange_mic
            and named.own_calendar is not distinct from sessions.own_calendar
            and sessions.session_date between
            named.event_day - case when named.exchange_mic is null then 400 else 31 end
            and named.event_day + case when named.exchange_mic is null then 400 else 31 end
    where named.has_prices
),

day_zero as (
    select
        pair_id,
        min(session_date) filter (can_hold_it) as event_session,
        min(session_index) filter (can_hold_it) as event_index
    from around
    group by pair_id
    having bool_or(is_before)
),

placed as (
    select
        named.*,
        day_zero.event_session,
        day_zero.event_index,
        case
            when named.problem is not null then named.problem
            when named.symbol is null then 'symbol is null; expected a symbol of dim_securities'
            when not named.has_prices then named.symbol || ' has no prices in this file (dim_securities)'
            when named.event_at is null then 'event_date is null; expected a DATE or a TIMESTAMPTZ'
            when named.event_day is null
                then
                    'event_date is ' || named.event_at
                    || '; expected a DATE such as 2025-01-27 or an instant with its zone such as 2025-01-27 14:30:00+00'
            when day_zero.event_session is null
                then
                    'no session of ' || coalesce(named.exchange_mic, named.symbol) || ' for ' || named.event_at
                    || '; the prices of ' || named.symbol || ' cover ' || named.first_session || ' to '
                    || named.last_session
            when model = 'constant_mean' then null
            when named.benchmark_symbol is null
                then
                    named.symbol || ' has no benchmark_symbol in dim_securities, and model ''' || model
                    || ''' needs one; name it with benchmark := ''...'' or use model := ''constant_mean'''
            when named.benchmark_symbol = named.symbol then 'the security is the study''s own benchmark'
            when not named.has_benchmark
                then 'the benchmark ' || named.benchmark_symbol || ' has no prices in this file (dim_securities)'
        end as early_reason
    from named
    left join day_zero on named.pair_id = day_zero.pair_id
),

own_days as (
    select
        placed.pair_id,
        placed.benchmark_symbol,
        placed.benchmark_basis,
        returns.session_date,
        returns.session_index - placed.event_index as relative_day,
        case return_type when 'log' then returns.log_return else returns.simple_return end as actual_return
    from placed
    inner join fct_returns as returns
        on
            placed.symbol = returns.symbol
            and returns.session_index between placed.event_index + est_from - 1 and placed.event_index + day_to
    where placed.early_reason is null
),

benchmark_days as (
    select
        returns.symbol,
        returns.session_date,
        returns.close,
        returns.adj_close
    from fct_returns as returns
    inner join (select distinct benchmark_symbol from placed where early_reason is null) as used
        on returns.symbol = used.benchmark_symbol
),

priced as (
    select
        own_days.*,
        case own_days.benchmark_basis when 'close' then benchmark_days.close else benchmark_days.adj_close end
            as benchmark_price
    from own_days
    left join benchmark_days
        on
            own_days.benchmark_symbol = benchmark_days.symbol
            and own_days.session_date = benchmark_days.session_date
),

-- The benchmark's return over exactly the days that the security's return spans.
matched as (
    select
        *,
        lag(session_date) over pair as previous_date,
        lag(benchmark_price) over pair as previous_price,
        case
            when actual_return is null then null
            when return_type = 'log' then ln(benchmark_price / lag(benchmark_price) over pair)
            else benchmark_price / lag(benchmark_price) over pair - 1
        end as benchmark_return
    from priced
    window pair as (partition by pair_id order by relative_day)
),

days as (
    select
        *,
        case model
            when 'market' then case when benchmark_return is not null then actual_return end
            when 'market_adjusted' then actual_return - benchmark_return
            else actual_return
        end as response,
        case when model = 'market' then benchmark_return else 0.0 end as x
    from matched
),

gathered as (
    select
        pair_id,
        count(response) filter (relative_day <= est_to) as n_estimation_obs,
        avg(response) filter (relative_day <= est_to) as mean_y,
        avg(x) filter (response is not null and relative_day <= est_to) as mean_x,
        sum(response ** 2) filter (relative_day <= est_to) as yy,
        sum(x ** 2) filter (response is not null and relative_day <= est_to) as xx,
        regr_sxx(response, x) filter (relative_day <= est_to) as sxx,
        regr_sxy(response, x) filter (relative_day <= est_to) as sxy,
        list(struct_pack(session_date := session_date, y := response, x := x))
            filter (response is not null and relative_day <= est_to) as estimation_days,
        list(
            struct_pack(
                relative_day := relative_day,
                session_date := session_date,
                actual_return := actual_return,
                y := response,
                x := x
            )
        ) filter (relative_day > est_to) as event_days,
        max(struct_pack(
            session_date := session_date,
            previous_date := previous_date,
            actual_return := actual_return,
            y := response,
            benchmark_price := benchmark_price,
            previous_price := previous_price
        )) filter (relative_day = 0) as day_0
    from days
    where
        relative_day between est_from and est_to
        or relative_day between day_from and day_to
    group by pair_id
),

estimated as (
    select
        placed.*,
        gathered.* exclude (pair_id),
        case when model = 'market' and sxx > 4.93e-28 * (n_estimation_obs + xx) then 1.0 / sxx end as inverse_sxx,
        case model when 'market' then sxy * inverse_sxx else 0.0 end as slope,
        case model when 'market_adjusted' then 0.0 else mean_y - slope * mean_x end as alpha
    from placed
    left join gathered on placed.pair_id = gathered.pair_id
),

residual as (
    select
        *,
        list_transform(estimation_days, lambda day: day.y - alpha - slope * day.x) as residuals
    from estimated
),

judged as (
    select
        *,
        n_estimation_obs - study_parameters(model) as df,
        list_inner_product(residuals, residuals) as sse,
        case when sse <= 4.93e-28 * (n_estimation_obs + yy) then 0.0 else sqrt(sse / nullif(df, 0)) end as sigma,
        case
            when early_reason is not null then early_reason
            when event_index + day_to > last_session_index and is_ended
                then 'prices end ' || last_session || ', before the event window is complete'
            when event_index + day_to > last_session_index
                then
                    'window ends ' || day_to || ' sessions after day 0; prices reach day '
                    || (last_session_index - event_index) || ' (' || last_session || ')'
            when coalesce(n_estimation_obs, 0) < study_min_obs(model, est_from, est_to, min_obs)
                then
                    symbol || ' has ' || coalesce(n_estimation_obs, 0) || ' usable estimation sessions in ['
                    || est_from || ',' || est_to || ']; the study needs '
                    || study_min_obs(model, est_from, est_to, min_obs) || ' (min_obs). First price: '
                    || first_session || '.'
            when day_0 is null
                then 'no abnormal return on day 0: ' || symbol || ' has no price on ' || event_session
            when day_0.actual_return is null
                then
                    'no abnormal return on day 0: ' || symbol || ' has no return on ' || event_session
                    || ', because it has no price on the session before'
            when day_0.y is null
                then
                    'no abnormal return on day 0: the benchmark ' || benchmark_symbol || ' has no price on '
                    || concat_ws(
                        ' and ',
                        case when day_0.previous_price is null then day_0.previous_date end,
                        case when day_0.benchmark_price is null then day_0.session_date end
                    )
            when slope is null
                then
                    'the benchmark ' || benchmark_symbol || ' does not move in [' || est_from || ',' || est_to
                    || '], so beta cannot be estimated'
        end as late_reason
    from residual
),

final as (
    select
        pair_id,
        event_id,
        symbol,
        group_value,
        exchange_mic,
        first_session,
        last_session,
        event_session,
        event_index,
        benchmark_symbol,
        case
            when late_reason is null then 'used'
            when early_reason is null and event_index + day_to > last_session_index and not is_ended then 'pending'
            when event_session is null and event_day > last_session and not is_ended and problem is null then 'pending'
            else 'excluded'
        end as status,
        case
            when late_reason is null and sigma = 0
                then 'the model leaves no residual variance, so there are no t statistics'
            else late_reason
        end as reason,
        n_estimation_obs,
        df,
        case when late_reason is null then alpha end as alpha,
        case
            when late_reason is not null then null
            when model = 'market' then slope
            when model = 'market_adjusted' then 1.0
        end as beta,
        slope,
        sigma,
        case when model = 'market_adjusted' then 0.0 else 1.0 / n_estimation_obs end as mean_leverage,
        mean_x,
        coalesce(inverse_sxx, 0.0) as inverse_sxx,
        residuals,
        case when late_reason is null then estimation_days end as estimation_days,
        case when late_reason is null then event_days end as event_days
    from judged
)

select * from final
