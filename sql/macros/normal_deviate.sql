-- value: normal_deviate(statistic, df)
-- help:  the size of a standard normal that is as likely exceeded as |statistic| of Student's t, for df from 100
-- grain: one value: the expansion of Hill (1970), Communications of the ACM 13, 617-619, in 1/a^2 to its third power,
-- grain: a = df - 1/2, with polynomials in a ln(1 + t^2/df); ln(1 + u) as Kahan has it, for the digits of a small u
-- key:   none
-- reads: none
-- units: standard deviations
select
    list_transform(
        [
            struct_pack(
                square := (df - 0.5) * statistic ** 2 / df * case
                    when 1 + statistic ** 2 / df > 1
                        then ln(1 + statistic ** 2 / df) / ((1 + statistic ** 2 / df) - 1)
                    else 1
                end,
                inverse := (df - 0.5) ** -2
            )
        ],
        lambda z:
        sqrt(z.square) * (
            1 + z.inverse * (
                1 / 16 + z.square / 48
                + z.inverse * (
                    -19 / 512 + z.square * (-1 / 96 + z.square * (-11 / 7680 - z.square / 5760))
                    + z.inverse * (
                        631 / 8192 + z.square * (575 / 24576 + z.square * (95 / 24576 + z.square * (
                            121 / 286720 + z.square * (197 / 5806080 + z.square / 362880)
                        )))
                    )
                )
            )
        )
    )[1]
