-- table: study_pairs(pairs, ...)
-- help:  what every study is made of: one row per pair with its day 0, its model and its days
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

-- An instant names its zone; a text of ten characters is a date.
clocked as (
    select
        *,
        try_cast(case when regexp_matches(event_at, '.{11}.*(Z|[+-]\d\d(:?\d\d)*)$') then event_at end as timestamptz)
            as event_instant,
        coalesce(
            (event_instant at time zone 'UTC')::date,
            try_cast(case when length(event_at) = 10 then event_at end as date)
        ) as event_day
    from asked
),

named as (
    select
        clocked.*,
        securities.exchange_mic,
        securities.first_session,
        securities.last_session,
        securities.last_session_index,
        securities.is_ended,
        case when securities.exchange_mic is null then securities.symbol end as own_calendar,
        case when securities.exchange_mic is null then 400 else 31 end as n_days_around,
        case when model != 'constant_mean' then coalesce(benchmark, securities.benchmark_symbol) end
            as benchmark_symbol
    from clocked
    left join dim_securities as securities on clocked.symbol = securities.symbol
),

-- Where the exchange is not known the sessions are the dates of the security's own prices.
sessions as (
    select
        exchange_mic,
        null as own_calendar,
        session_date,
        session_index,
        open_at,
        close_at
    from dim_sessions
    union all
    select
        null as exchange_mic,
        symbol as own_calendar,
        session_date,
        session_index,
        null as open_at,
        null as close_at
    from fct_returns
    where symbol in (select own_calendar from named)
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
            named.event_day - named.n_days_around and named.event_day + named.n_days_around
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
        benchmarks.return_basis as benchmark_basis,
        study_min_obs(model, est_from, est_to, min_obs) as needed_obs,
        study_problem(model, est_from, est_to, day_from, day_to, needed_obs, return_type) as problem,
        case
            when problem is not null then problem
            when named.symbol is null then 'symbol is null; expected a symbol of dim_securities'
            when named.last_session is null then concat(named.symbol, ' has no prices in this file (dim_securities)')
            when named.event_day is null
                then
                    concat(
                        'event_date is ', coalesce(named.event_at, 'null'),
                        '; expected a date such as 2025-01-27 or an instant with its zone such as 2025-01-27 14:30:00+00'
                    )
            when day_zero.event_session is null
                then
                    format(
                        'no session of {} for {}; the prices of {} cover {} to {}',
                        coalesce(named.exchange_mic, named.symbol), named.event_at, named.symbol,
                        named.first_session::varchar, named.last_session::varchar
                    )
            when model = 'constant_mean' then null
            when named.benchmark_symbol is null
                then
                    format(
                        '{} has no benchmark_symbol in dim_securities, and model {} needs one; name one with '
                        'benchmark := or use model := constant_mean',
                        named.symbol, model
                    )
            when named.benchmark_symbol = named.symbol then 'the security is the study''s own benchmark'
            when benchmarks.return_basis is null
                then concat('the benchmark ', named.benchmark_symbol, ' has no prices in this file (dim_securities)')
        end as early_reason
    from named
    left join day_zero on named.pair_id = day_zero.pair_id
    left join dim_securities as benchmarks on named.benchmark_symbol = benchmarks.symbol
),

benchmark_days as (
    select
        symbol,
        session_date,
        close,
        adj_close
    from fct_returns
    where symbol in (select benchmark_symbol from named)
),

-- The benchmark's return spans exactly the days that the security's return spans.
days as (
    select
        placed.pair_id,
        returns.session_date,
        returns.previous_session_date,
        returns.session_index - placed.event_index as relative_day,
        case return_type when 'log' then returns.log_return else returns.simple_return end as actual_return,
        case placed.benchmark_basis when 'close' then today.close else today.adj_close end as benchmark_price,
        case placed.benchmark_basis when 'close' then before.close else before.adj_close end as previous_price,
        case return_type
            when 'log' then ln(benchmark_price / previous_price) else benchmark_price / previous_price - 1
        end as benchmark_return
    from placed
    inner join fct_returns as returns
        on
            placed.symbol = returns.symbol
            and returns.session_index between placed.event_index + est_from and placed.event_index + day_to
    left join benchmark_days as today
        on placed.benchmark_symbol = today.symbol and returns.session_date = today.session_date
    left join benchmark_days as before
        on placed.benchmark_symbol = before.symbol and returns.previous_session_date = before.session_date
    where placed.early_reason is null
),

-- What is regressed on the benchmark is the return in excess of it: a security that follows its benchmark closely
-- loses no digits then.
responses as (
    select
        *,
        case when model = 'constant_mean' then actual_return else actual_return - benchmark_return end as y,
        case when y is null then null when model = 'market' then benchmark_return else 0.0 end as x
    from days
    where relative_day <= est_to or relative_day >= day_from
),

gathered as (
    select
        pair_id,
        count(y) filter (relative_day <= est_to) as n,
        avg(y) filter (relative_day <= est_to) as mean_y,
        avg(x) filter (relative_day <= est_to) as mean_x,
        regr_syy(y, x) filter (relative_day <= est_to) as syy,
        regr_sxx(y, x) filter (relative_day <= est_to) as sxx,
        regr_sxy(y, x) filter (relative_day <= est_to) as sxy,
        list(session_date) filter (relative_day <= est_to and y is not null) as estimation_dates,
        list(y) filter (relative_day <= est_to and y is not null) as estimation_y,
        list(x) filter (relative_day <= est_to and y is not null) as estimation_x,
        list(
            struct_pack(
                relative_day := relative_day,
                session_date := session_date,
                actual_return := actual_return,
                y := y,
                x := x
            )
        ) filter (relative_day > est_to) as event_days,
        any_value(
            struct_pack(
                session_date := session_date,
                actual_return := actual_return,
                y := y,
                benchmark_price := benchmark_price,
                previous_price := previous_price,
                previous_session_date := previous_session_date
            )
        ) filter (relative_day = 0) as day_0
    from responses
    group by pair_id
),

-- The slope is that of the excess return; in the market model the benchmark's own is one more.
fitted as (
    select
        placed.*,
        gathered.* exclude (pair_id),
        n - study_parameters(model) as df,
        case when model = 'market' and sxx > 4.93e-28 * (n + sxx + n * mean_x ** 2) then 1.0 / sxx end as inverse_sxx,
        case when model = 'market' then sxy * inverse_sxx else 0.0 end as slope,
        case when model = 'market_adjusted' then 0.0 else mean_y - slope * mean_x end as alpha,
        case when model = 'market_adjusted' then syy + n * mean_y ** 2 else syy - slope * sxy end as sse,
        case
            when sse > greatest(4.93e-28 * (n + syy + n * mean_y ** 2), 1e-14 * syy) then sqrt(sse / nullif(df, 0))
            else 0.0
        end as residual_sd,
        event_index + day_to > last_session_index as is_unfinished,
        case
            when early_reason is not null then early_reason
            when is_unfinished and is_ended
                then concat('prices end ', last_session, ', before the event window is complete')
            when is_unfinished
                then
                    format(
                        'window ends {} sessions after day 0; prices reach day {:+d} ({})',
                        day_to, last_session_index - event_index, last_session::varchar
                    )
            when coalesce(n, 0) < needed_obs
                then
                    format(
                        '{} has {} usable estimation sessions in [{},{}]; the study needs {} (min_obs). '
                        'First price: {}.',
                        symbol, coalesce(n, 0), est_from, est_to, needed_obs, first_session::varchar
                    )
            when day_0 is null
                then concat('no abnormal return on day 0: ', symbol, ' has no price on ', event_session)
            when day_0.actual_return is null
                then
                    concat(
                        'no abnormal return on day 0: ', symbol, ' has no return on ', event_session,
                        ', because it has no price on the session before'
                    )
            when day_0.y is null
                then
                    concat(
                        'no abnormal return on day 0: the benchmark ', benchmark_symbol, ' has no price on ',
                        concat_ws(
                            ' and ',
                            case when day_0.previous_price is null then day_0.previous_session_date end,
                            case when day_0.benchmark_price is null then day_0.session_date end
                        )
                    )
            when slope is null
                then
                    format(
                        'the benchmark {} does not move in [{},{}], so beta cannot be estimated',
                        benchmark_symbol, est_from, est_to
                    )
        end as unused_reason
    from placed
    left join gathered on placed.pair_id = gathered.pair_id
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
            when unused_reason is null then 'used'
            when is_ended or problem is not null then 'excluded'
            when early_reason is null and is_unfinished then 'pending'
            when event_session is null and event_day > last_session then 'pending'
            else 'excluded'
        end as status,
        case
            when unused_reason is null and residual_sd = 0
                then 'the model leaves no residual variance, so there are no t statistics'
            else unused_reason
        end as reason,
        case when early_reason is null then coalesce(n, 0) end as n_estimation_obs,
        df,
        case when unused_reason is null then alpha end as alpha,
        case
            when unused_reason is not null then null
            when model = 'market' then 1.0 + slope
            when model = 'market_adjusted' then 1.0
        end as beta,
        case when unused_reason is null then residual_sd end as sigma,
        slope,
        mean_x,
        coalesce(inverse_sxx, 0.0) as inverse_sxx,
        case when model = 'market_adjusted' then 0.0 else 1.0 / n end as mean_leverage,
        estimation_dates,
        estimation_y,
        estimation_x,
        event_days
    from fitted
)

select * from final
