-- value: gamma_ratio(a)
-- help:  gamma(a + 1/2) / gamma(a), for a from 1/2
-- grain: one value; above 25 the asymptotic series of Tricomi and Erdelyi (1951), Pacific J. Math. 1, 133-142
-- key:   none
-- reads: none
-- units: correct to 15 digits
select
    case
        when a <= 25 then gamma(a + 0.5) / gamma(a)
        else
            sqrt(a) * (
                1.0 + (-1.0 / 8 + (1.0 / 128 + (5.0 / 1024 + (-21.0 / 32768 + (-399.0 / 262144 + (869.0 / 4194304
                + (39325.0 / 33554432) / a) / a) / a) / a) / a) / a) / a
            )
    end
