-- value: beta_tail(a, b, x, y)
-- help:  regularised incomplete beta function I(a, b) at x, y = 1 - x, where one of a and b is 1/2
-- grain: one value; the continued fraction (Abramowitz and Stegun 26.5.8) from its 60th term to its first
-- key:   none
-- reads: gamma_ratio
-- units: probability
select
    x ** a * y ** b * gamma_ratio(greatest(a, b, 0.5)) / (1.7724538509055160273 * a) / list_reduce(
        [
            29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0
        ]::double [],
        lambda rest, m: 1.0 - (a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)) / (
            1.0 + (m + 1) * (b - m - 1) * x / ((a + 2 * m + 1) * (a + 2 * m + 2)) / rest
        ),
        1.0::double
    )
