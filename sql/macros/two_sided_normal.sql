-- value: two_sided_normal(statistic)
-- help:  P(|Z| >= |statistic|) of the standard normal; null for null
-- grain: one value, by the rational approximations of Cody (1969), Mathematics of Computation 23, 631-637
-- key:   none
-- reads: none
-- units: probability, correct to 14 digits down to the smallest normal double
select
    case
        when abs(statistic) is null or isnan(statistic) then null
        when abs(statistic) < 0.67448975
            then
                1.0 - 2.0 * abs(statistic) * (
                    (((0.065682337918207449113 * statistic ** 2 + 2.2352520354606839287) * statistic ** 2
                    + 161.02823106855587881) * statistic ** 2 + 1067.6894854603709582) * statistic ** 2
                    + 18154.981253343561249
                ) / (
                    (((statistic ** 2 + 47.20258190468824187) * statistic ** 2 + 976.09855173777669322)
                    * statistic ** 2 + 10260.932208618978205) * statistic ** 2 + 45507.789335026729956
                )
        when abs(statistic) < 5.656854248
            then
                2.0 * exp(-0.5 * statistic ** 2) * list_reduce(
                    [
                        1.0765576773720192317e-8, 0.39894151208813466764, 8.8831497943883759412,
                        93.506656132177855979, 597.27027639480026226, 2494.5375852903726711,
                        6848.1904505362823326, 11602.651437647350124, 9842.7148383839780218
                    ]::double [],
                    lambda total, coefficient: total * abs(statistic) + coefficient
                ) / list_reduce(
                    [
                        1.0, 22.266688044328115691, 235.38790178262499861, 1519.377599407554805,
                        6485.558298266760755, 18615.571640885098091, 34900.952721145977266,
                        38912.003286093271411, 19685.429676859990727
                    ]::double [],
                    lambda total, coefficient: total * abs(statistic) + coefficient
                )
        when abs(statistic) < 38.5
            then
                2.0 * exp(-0.5 * statistic ** 2) / abs(statistic) * (
                    0.398942280401432677939946059934 - list_reduce(
                        [
                            0.02307344176494017303, 0.21589853405795699, 0.1274011611602473639,
                            0.022235277649821119, 0.0014216191932278934, 2.9112874951168792e-5
                        ]::double [],
                        lambda total, coefficient: total / statistic ** 2 + coefficient
                    ) / statistic ** 2 / list_reduce(
                        [
                            1.0, 1.28426009614491121, 0.468238212480865118, 0.0659881378689285515,
                            0.00378239633202758244, 7.29751555083966205e-5
                        ]::double [],
                        lambda total, coefficient: total / statistic ** 2 + coefficient
                    )
                )
        else 0.0
    end
