-- value: varies_more(n, ratio)
-- help:  whether n values vary more than implied: P(X >= (n - 1) ratio) < 0.001 of chi-squared with n - 1 degrees
-- grain: one truth value, the upper incomplete gamma function by its continued fraction (Abramowitz, Stegun 6.5.31)
-- key:   none
-- reads: none
-- units: none
select
    case  -- noqa: LT02
        when n is null or ratio is null then null
        -- Up to its mean and a little more the probability is far above.
        when ratio <= 1 + 2 / (n - 1) then false
        else
            exp((n - 1) / 2 * ln((n - 1) * ratio / 2) - (n - 1) * ratio / 2 - lgamma((n - 1) / 2)) / list_reduce(
                range(100, 0, -1),
                lambda rest, k:
                (n - 1) * ratio / 2 + 2 * k - 1 - (n - 1) / 2 - k * (k - (n - 1) / 2) / rest,
                (n - 1) * ratio / 2 + 201 - (n - 1) / 2
            ) < 0.001
    end
