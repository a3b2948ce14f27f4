-- table: study_correlations(cars)
-- help:  mean correlation of the residuals of each group's pairs on common days (Kolari and Pynnonen 2010)
-- grain: one row per group of the rows of study_cars, given by the name of a table or of an expression around it,
-- grain: with two or more pairs that have residual variance
-- key:   group_value
-- reads: none
-- units: r_bar is a correlation; null for more than 500 pairs whose estimation days differ
with

-- The residuals centred and scaled to a sum of squares of one.
series as (
    select
        group_value,
        pair_id,
        estimation_dates,
        residuals,
        list_avg(residuals) as mean,
        list_aggregate(residuals, 'var_samp') * (n_estimation_obs - 1) as squares,
        n_estimation_obs
    from query_table(cars)
    where status = 'used' and sigma > 0
),

groups as (
    select
        group_value,
        count(*) as n,
        min(n_estimation_obs) >= 30
        and count(distinct list_sort(estimation_dates)) = 1 as is_same
    from series
    where squares > 0
    group by group_value
),

days as (
    select
        series.group_value,
        series.pair_id,
        groups.n,
        groups.is_same,
        unnest(series.estimation_dates) as session_date,
        unnest(list_transform(series.residuals, lambda residual: (residual - series.mean) / sqrt(series.squares)))
            as z
    from series
    inner join groups on series.group_value is not distinct from groups.group_value
    where series.squares > 0 and groups.n > 1
),

-- Where all pairs have the same days, the sum over pairs of pairs follows from the days' sums.
sums as (
    select
        group_value,
        any_value(n) as n,
        sum(z) as total
    from days
    where is_same
    group by group_value, session_date
),

of_same_days as (
    select
        group_value,
        (sum(total ** 2) - any_value(n)) / (any_value(n) * (any_value(n) - 1)) as r_bar
    from sums
    group by group_value
),

correlations as (
    select
        earlier.group_value,
        any_value(earlier.n) as n,
        case when count(*) >= 30 then corr(earlier.z, later.z) end as r
    from days as earlier
    inner join days as later
        on
            earlier.group_value is not distinct from later.group_value
            and earlier.session_date = later.session_date
            and earlier.pair_id < later.pair_id
    where not earlier.is_same and earlier.n <= 500
    group by earlier.group_value, earlier.pair_id, later.pair_id
),

of_other_days as (
    select
        group_value,
        sum(r) filter (not isnan(r)) / (any_value(n) * (any_value(n) - 1) / 2) as r_bar
    from correlations
    group by group_value
),

final as (
    select
        groups.group_value,
        case
            when groups.is_same then least(of_same_days.r_bar, 1.0)
            when groups.n <= 500 then least(coalesce(of_other_days.r_bar, 0.0), 1.0)
        end as r_bar
    from groups
    left join of_same_days on groups.group_value is not distinct from of_same_days.group_value
    left join of_other_days on groups.group_value is not distinct from of_other_days.group_value
    where groups.n > 1
)

select * from final
