-- value: two_sided_t(statistic, df)
-- help:  P(|T| >= |statistic|) of Student's t with df degrees of freedom; null for null and for df below 1
-- grain: one value: for many degrees of freedom the normal deviate of the same probability, else the incomplete beta
-- grain: function I(df/2, 1/2) at df/(df + t^2), of which beta_tail gives the smaller side
-- key:   none
-- reads: two_sided_normal, normal_deviate, beta_tail
-- units: probability; relative error below 2e-11, absolute error below 1e-14
select
    case
        when df >= 100 and abs(statistic) <= 6 then two_sided_normal(normal_deviate(statistic, df))
        when statistic is null or isnan(statistic) or not coalesce(df >= 1, false) then null
        when statistic = 0 then 1.0
        when isinf(statistic) then 0.0
        else
            (statistic ** 2 <= 6)::integer + case when statistic ** 2 > 6 then 1.0 else -1.0 end * beta_tail(
                case when statistic ** 2 > 6 then df / 2 else 0.5 end,
                case when statistic ** 2 > 6 then 0.5 else df / 2 end,
                case when statistic ** 2 > 6 then df else statistic ** 2 end / (df + statistic ** 2),
                case when statistic ** 2 > 6 then statistic ** 2 else df end / (df + statistic ** 2)
            )
    end
