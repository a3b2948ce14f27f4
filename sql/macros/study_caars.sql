-- table: study_caars(pairs, from_day, to_day, ...)
-- help:  tests of the mean cumulative abnormal return of each group of the pairs that study_pairs takes
-- grain: one row per group and test
-- key:   group_value, test
-- reads: study_cars, study_correlations, two_sided_t, two_sided_normal, varies_more
-- units: returns are decimals
with

cars as (
    select
        *,
        list_transform(estimation_y, lambda y, i: y - alpha - slope * estimation_x[i]) as residuals,
        case when is_complete then car end as complete_car,
        case when is_complete then scar end as complete_scar,
        case when is_complete and scar is not null and df > 2 then df / (df - 2.0) end as inflation,
        len(list_filter(residuals, lambda residual: residual > 0)) / n_estimation_obs as positive_share
    from study_cars(
        pairs, from_day, to_day, model, benchmark, est_from, est_to, day_from, day_to, min_obs, return_type
    )
),

correlations as (
    select *
    from study_correlations('cars')
),

-- Pairs that share their day 0, most first.
together as (
    select
        group_value,
        event_session,
        count(complete_car) as n_complete,
        count(complete_scar) as n_standard
    from cars
    group by group_value, event_session
),

shared as (
    select
        group_value,
        max(n_complete) as n_complete_together,
        min(event_session) filter (n_complete = most_complete) as complete_session,
        max(n_standard) as n_standard_together,
        min(event_session) filter (n_standard = most_standard) as standard_session
    from (
        select
            *,
            max(n_complete) over (partition by group_value) as most_complete,
            max(n_standard) over (partition by group_value) as most_standard
        from together
    ) as counted
    group by group_value
),

moments as (
    select
        group_value,
        count(*) as n_asked,
        count(*) filter (status = 'used') as n_used,
        min_by(reason, pair_id) filter (status != 'used') as unused_reason,
        count(complete_car) as n,
        avg(complete_car) as caar,
        stddev_samp(complete_car) as sd,
        count(complete_scar) as n_standard,
        avg(complete_scar) as mean_scar,
        stddev_samp(complete_scar) as sd_scar,
        sum(complete_scar) as sum_scar,
        sum(inflation) as implied_variance,
        min(df) filter (complete_scar is not null) as least_df,
        count(*) filter (complete_car > 2.220446049250313e-14) as n_positive,
        count(*) filter (abs(complete_car) > 2.220446049250313e-14) as n_signed,
        avg(positive_share) filter (complete_car is not null) as share
    from cars
    group by group_value
),

-- What may be said of a test, in the words of the engine.
remarked as (
    select
        moments.*,
        shared.* exclude (group_value),
        correlations.r_bar,
        1.0 + (n_standard - 1.0) * case when n_standard > 1 then r_bar else 0.0 end as factor,
        case
            when least_df > 2 and implied_variance > 0 then sum_scar / sqrt(implied_variance)
        end as patell,
        case
            when n_standard > 1 and sd_scar > 2.220446049250313e-14 * (1.0 + abs(mean_scar))
                then sqrt(n_standard) * mean_scar / sd_scar
        end as bmp,
        case when n = 0 then 'no pair has a complete window' end as no_pairs,
        case when n > 0 and n_standard = 0 then 'no pair has residual variance' end as no_variance,
        case
            when n_standard > 0 and n_standard < n
                then
                    (n - n_standard) || ' of ' || n || ' pairs have no residual variance and are left out'
        end as left_out,
        case
            when n > 1 and 2 * n_complete_together > n
                then
                    n_complete_together || ' of ' || n || ' pairs share the event session ' || complete_session
                    || ': the test assumes independence across pairs, so its p-value is too small'
        end as is_clustered,
        case
            when n_standard > 1 and 2 * n_standard_together > n_standard
                then
                    n_standard_together || ' of ' || n_standard || ' pairs share the event session '
                    || standard_session
                    || ': the test assumes independence across pairs, so its p-value is too small'
        end as is_clustered_standard,
        case
            when
                n_standard >= 10
                and varies_more(n_standard, sd_scar ** 2 / (implied_variance / n_standard))
                then
                    'the variance across pairs is ' || format('{:.2f}', sd_scar ** 2 / (implied_variance / n_standard))
                    || ' times what the estimation window implies: an event-induced variance that the test takes for '
                    || 'an effect'
        end as has_more_variance,
        case
            when n_standard > 0 and least_df <= 2
                then 'needs more than 2 degrees of freedom for every pair, one has ' || least_df
        end as few_df,
        case when n = 1 then 'needs at least 2 pairs, has 1' end as too_few,
        case when n_standard = 1 then 'needs at least 2 pairs, has 1' end as too_few_standard,
        case
            when n > 1 and sd <= 2.220446049250313e-14 * (1.0 + abs(caar))
                then 'all pairs have the same value, so there is no cross-sectional deviation'
        end as is_constant,
        case
            when n_standard > 1 and bmp is null
                then 'all pairs have the same value, so there is no cross-sectional deviation'
        end as is_constant_standard,
        case
            when n_standard > 1 and r_bar is null
                then
                    'the mean correlation of more than 500 pairs whose estimation days differ is not computed in SQL; '
                    || 'the command reaction study estimates it'
            when factor <= 0
                then
                    'a mean correlation of ' || format('{:.4f}', r_bar) || ' leaves no variance for ' || n_standard
                    || ' pairs'
        end as no_factor,
        case
            when n_standard > 1 and factor > 0 and r_bar < 0
                then
                    'the mean correlation is negative (' || format('{:.4f}', r_bar) || '), so the correction enlarges '
                    || 'the statistic; compare it with the uncorrected one'
        end as enlarges,
        case
            when n_standard > 1 and r_bar >= 1.0 - 1e-12
                then 'the pairs have the same residuals, and a mean correlation of 1 leaves no t'
        end as same_residuals,
        case
            when n > 0 and n_signed = 0 then 'every value is zero'
            when n > 0 and share in (0, 1)
                then 'every estimation day has the same sign, so the share of positive ones has no variance'
        end as no_sign,
        case
            when n > 0 and n < 6 then 'N = ' || n || ' cannot reject at 5 %, whatever the values: that takes 6 pairs'
        end as cannot_reject
    from moments
    left join shared on moments.group_value is not distinct from shared.group_value
    left join correlations on moments.group_value is not distinct from correlations.group_value
),

tests as (
    select
        *,
        unnest(
            [
                struct_pack(
                    test := 'cross_sectional_t',
                    statistic := case when sd > 0 then sqrt(n) * caar / sd end,
                    df := n - 1,
                    n := n,
                    r_bar := null::double,
                    absent := coalesce(no_pairs, too_few, is_constant),
                    invalid := is_clustered,
                    remark := null
                ),
                struct_pack(
                    test := 'patell_z',
                    statistic := patell,
                    df := null,
                    n := n_standard,
                    r_bar := null,
                    absent := coalesce(no_pairs, no_variance, few_df),
                    invalid := nullif(concat_ws('; ', has_more_variance, is_clustered_standard), ''),
                    remark := left_out
                ),
                struct_pack(
                    test := 'patell_z_adjusted',
                    statistic := case when factor > 0 then patell / sqrt(factor) end,
                    df := null,
                    n := n_standard,
                    r_bar := r_bar,
                    absent := coalesce(no_pairs, no_variance, few_df, no_factor),
                    invalid := has_more_variance,
                    remark := nullif(concat_ws('; ', left_out, enlarges), '')
                ),
                struct_pack(
                    test := 'bmp_t',
                    statistic := bmp,
                    df := n_standard - 1,
                    n := n_standard,
                    r_bar := null,
                    absent := coalesce(no_pairs, no_variance, too_few_standard, is_constant_standard),
                    invalid := is_clustered_standard,
                    remark := left_out
                ),
                struct_pack(
                    test := 'bmp_t_adjusted',
                    statistic := case when factor > 0 then bmp * sqrt(greatest(1.0 - r_bar, 0.0) / factor) end,
                    df := n_standard - 1,
                    n := n_standard,
                    r_bar := r_bar,
                    absent := coalesce(
                        no_pairs, no_variance, too_few_standard, is_constant_standard, same_residuals, no_factor
                    ),
                    invalid := null,
                    remark := nullif(concat_ws('; ', left_out, enlarges), '')
                ),
                struct_pack(
                    test := 'generalized_sign_z',
                    statistic := case
                        when share > 0 and share < 1 then (n_positive - n * share) / sqrt(n * share * (1.0 - share))
                    end,
                    df := null,
                    n := n,
                    r_bar := null,
                    absent := coalesce(no_pairs, no_sign),
                    invalid := nullif(concat_ws('; ', cannot_reject, is_clustered), ''),
                    remark := null
                )
            ]
        ) as found,
        unnest(range(6)) as place
    from remarked
),

valued as (
    select
        *,
        case when found.absent is null then found.statistic end as statistic
    from tests
),

final as (
    select
        group_value,
        from_day as window_start,
        to_day as window_end,
        found.test as test,
        statistic,
        case when found.df is null then two_sided_normal(statistic) else two_sided_t(statistic, found.df) end
            as p_value,
        case when statistic is not null then found.df end as df,
        found.n as n,
        caar,
        found.r_bar as r_bar,
        statistic is not null and found.invalid is null as is_valid,
        coalesce(found.absent, nullif(concat_ws('; ', found.invalid, found.remark), '')) as note,
        case when n_used > 0 then 'used' else 'excluded' end as status,
        case
            when n_used = n_asked then null
            else n_used || ' of ' || n_asked || ' pairs are used; the first left out: ' || unused_reason
        end as reason
    from valued
    order by group_value, place
)

select * from final
