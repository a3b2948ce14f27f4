-- table: study_pairs(pairs, ..., other_problem := null)
-- help:  what every study is made of: one row per pair with its day 0, its model and its days
-- grain: one row per element of pairs, see study_sessions; none is used if the caller states another problem
-- key:   pair_id
-- reads: dim_securities, fct_returns, study_sessions, study_problem, study_parameters, study_min_obs
-- units: returns are decimals; days are sessions of the listing from day 0
with

timed as (
    select
        *,
        case when model != 'constant_mean' then coalesce(benchmark, usual_benchmark) end as benchmark_symbol,
        study_min_obs(model, est_from, est_to, min_obs) as needed_obs
    from study_sessions(pairs)
),

found as (
    select
        timed.*,
        benchmarks.return_basis as benchmark_basis,
        benchmarks.first_session as benchmark_first_session,
        benchmarks.last_session as benchmark_last_session
    from timed
    left join dim_securities as benchmarks on timed.benchmark_symbol = benchmarks.symbol
),

checked as (
    select
        *,
        coalesce(
            study_problem(model, est_from, est_to, day_from, day_to, needed_obs, return_type), other_problem
        ) as problem
    from found
),

placed as (
    select
        *,
        case
            when problem is not null then problem
            when symbol is null then 'symbol is null; expected a symbol of dim_securities'
            when last_session is null then concat(symbol, ' has no prices in this file (dim_securities)')
            when event_day is null
                then
                    concat(
                        'event_date is ', coalesce(event_at, 'null'),
                        '; expected a date such as 2025-01-27 or an instant with a zone such as 2025-01-27 14:30:00+00'
                    )
            when event_session is null
                then
                    format(
                        'no session of {} for {}; the prices of {} cover {} to {}',
                        coalesce(exchange_mic, symbol), event_at, symbol,
                        first_session::varchar, last_session::varchar
                    )
            when model = 'constant_mean' then null
            when benchmark_symbol is null
                then
                    format(
                        '{} has no benchmark_symbol in dim_securities, and model {} needs one; name one with '
                        'benchmark := or use model := constant_mean',
                        symbol, model
                    )
            when benchmark_symbol = symbol then 'the security is the study''s own benchmark'
            when benchmark_basis is null
                then concat('the benchmark ', benchmark_symbol, ' has no prices in this file (dim_securities)')
        end as early_reason
    from checked
),

benchmark_days as (
    select
        symbol,
        session_date,
        close,
        adj_close
    from fct_returns
    where symbol in (select benchmark_symbol from timed)
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
        case placed.benchmark_basis when 'close' then before.close else before.adj_close end as previous_price
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

matched as (
    select
        *,
        case return_type
            when 'log' then ln(benchmark_price / previous_price)
            else benchmark_price / previous_price - 1
        end as benchmark_return
    from days
    where relative_day <= est_to or relative_day >= day_from
),

-- What is regressed on the benchmark is the return in excess of it: a security that follows its benchmark closely
-- loses no digits then.
responses as (
    select
        *,
        case when model = 'constant_mean' then actual_return else actual_return - benchmark_return end as y,
        case
            when model != 'market' then 0.0
            when actual_return is not null then benchmark_return
        end as x
    from matched
),

-- Null outside of the estimation window, so that few aggregates need a filter: each one costs a copy of the columns.
separated as (
    select
        *,
        case when relative_day <= est_to then y end as est_y,
        case when relative_day <= est_to and y is not null then x end as est_x
    from responses
),

gathered as (
    select
        pair_id,
        count(est_y) as n,
        avg(est_y) as mean_y,
        avg(est_x) as mean_x,
        regr_syy(est_y, est_x) as syy,
        regr_sxx(est_y, est_x) as sxx,
        regr_sxy(est_y, est_x) as sxy,
        list(session_date) filter (est_y is not null) as estimation_dates,
        list(est_y) filter (est_y is not null) as estimation_y,
        list(est_x) filter (est_y is not null) as estimation_x,
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
    from separated
    group by pair_id
),

joined as (
    select
        placed.*,
        gathered.* exclude (pair_id),
        case when model = 'market' and sxx > 4.93e-28 * (n + sxx + n * mean_x ** 2) then 1.0 / sxx end as inverse_sxx,
        placed.event_index + day_to > placed.last_session_index as is_unfinished
    from placed
    left join gathered on placed.pair_id = gathered.pair_id
),

-- The slope is that of the excess return; in the market model the benchmark's own is one more.
sloped as (
    select
        *,
        case when model = 'market' then sxy * inverse_sxx else 0.0 end as slope
    from joined
),

fitted as (
    select
        *,
        case when model = 'market_adjusted' then 0.0 else mean_y - slope * mean_x end as alpha,
        case when model = 'market_adjusted' then syy + n * mean_y ** 2 else syy - slope * sxy end as sse,
        n - study_parameters(model) as df
    from sloped
),

judged as (
    select
        *,
        case
            when sse > greatest(4.93e-28 * (n + syy + n * mean_y ** 2), 1e-14 * syy) then sqrt(sse / nullif(df, 0))
            else 0.0
        end as residual_sd,
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
                        'First price: {}.{}',
                        symbol, coalesce(n, 0), est_from, est_to, needed_obs, first_session::varchar,
                        case
                            when model = 'constant_mean' then ''
                            else format(
                                ' Prices of the benchmark {} cover {} to {}.',
                                benchmark_symbol, benchmark_first_session::varchar, benchmark_last_session::varchar
                            )
                        end
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
    from fitted
),

final as (
    select
        pair_id,
        event_id,
        symbol,
        group_value,
        expected_sign,
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
        case when unused_reason is null then df end as df,
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
    from judged
)

select * from final
