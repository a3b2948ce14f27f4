-- value: beta_tail(a, b, x, y)
-- help:  regularised incomplete beta function I(a, b) at x, y = 1 - x, where one of a and b is 1/2
-- grain: one value: the continued fraction of Abramowitz and Stegun (26.5.8) from its 60th term back to its first
-- key:   none
-- reads: none
-- units: probability
select  -- noqa: LT09
    list_transform(
        [struct_pack(a := a, b := b, x := x, y := y, larger := greatest(a, b))],
        lambda v:
        v.x ** v.a * v.y ** v.b / (1.7724538509055160273 * v.a)
        -- gamma(c + 1/2) / gamma(c), beyond 25 by its asymptotic series (Tricomi and Erdelyi 1951, Pacific Journal of
        -- Mathematics 1, 133-142).
        * case
            when v.larger <= 25 then gamma(v.larger + 0.5) / gamma(v.larger)
            else sqrt(v.larger) * list_reduce(
                [
                    39325 / 33554432, 869 / 4194304, -399 / 262144, -21 / 32768, 5 / 1024, 1 / 128, -1 / 8, 1
                ],
                lambda total, coefficient: total / v.larger + coefficient
            )
        end
        / list_reduce(
            range(29, -1, -1),
            lambda rest, m:
            1 - (v.a + m) * (v.a + v.b + m) * v.x / ((v.a + 2 * m) * (v.a + 2 * m + 1)) / (
                1 + (m + 1) * (v.b - m - 1) * v.x / ((v.a + 2 * m + 1) * (v.a + 2 * m + 2)) / rest
            ),
            1.0::double
        )
    )[1]
