-- value: two_sided_t(statistic, df)
-- help:  P(|T| >= |statistic|) of Student's t with df degrees of freedom; null for null and for df below 1
-- grain: one value, the incomplete beta function I(df/2, 1/2) at df/(df + t^2) by its continued fraction
-- key:   none
-- reads: beta_tail
-- units: probability, correct to 12 digits for df from 1 to 10 million
select
    case
        when statistic is null or isnan(statistic) or not df >= 1 then null
        when isinf(statistic) then 0.0
        when statistic = 0 then 1.0
        when statistic ** 2 > 6.0
            then beta_tail(df / 2.0, 0.5, df / (df + statistic ** 2.0), statistic ** 2 / (df + statistic ** 2.0))
        else 1.0 - beta_tail(0.5, df / 2.0, statistic ** 2 / (df + statistic ** 2.0), df / (df + statistic ** 2.0))
    end
