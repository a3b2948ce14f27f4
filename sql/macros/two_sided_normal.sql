-- value: two_sided_normal(statistic)
-- help:  P(|Z| >= |statistic|) of the standard normal; null for null
-- grain: one value: two rational approximations of Cody (1969), Mathematics of Computation 23, 631-637, and beyond 5.65
-- grain: the continued fraction of the ratio of Mills
-- key:   none
-- reads: none
-- units: probability; relative error below 1e-13 down to 1e-300
select  -- noqa: LT09
    list_transform(
        [abs(statistic)::double],
        lambda z: case
            when z is null or isnan(z) then null
            when z < 0.67448975
                then
                    1.0 - 2.0 * z * (
                        18154.981253343561249 + z * z * (1067.6894854603709582 + z * z * (161.02823106855587881
                        + z * z * (2.2352520354606839287 + z * z * 0.065682337918207449113)))
                    ) / (
                        45507.789335026729956 + z * z * (10260.932208618978205 + z * z * (976.09855173777669322
                        + z * z * (47.20258190468824187 + z * z)))
                    )
            when z < 5.65
                then
                    2.0 * exp(-0.5 * z * z) * (
                        9842.7148383839780218 + z * (11602.651437647350124 + z * (6848.1904505362823326
                        + z * (2494.5375852903726711 + z * (597.27027639480026226 + z * (93.506656132177855979
                        + z * (8.8831497943883759412 + z * (0.39894151208813466764
                        + z * 1.0765576773720192317e-8)))))))
                    ) / (
                        19685.429676859990727 + z * (38912.003286093271411 + z * (34900.952721145977266
                        + z * (18615.571640885098091 + z * (6485.558298266760755 + z * (1519.377599407554805
                        + z * (235.38790178262499861 + z * (22.266688044328115691 + z)))))))
                    )
            when z < 39.0
                then
                    0.79788456080286535588 * exp(-0.5 * z * z)
                    / list_reduce(range(40, 0, -1), lambda rest, n: z + n / rest, z)
            else 0.0
        end
    )[1]
