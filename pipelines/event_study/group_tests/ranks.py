"""Rank tests: where the event's abnormal returns stand among those of the estimation window."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipelines.event_study.arrays import ROUNDING, FloatArray
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.group_tests import assumptions
from pipelines.event_study.group_tests.rank_sums import RankSums, Series
from pipelines.event_study.group_tests.sample import Sample
from pipelines.event_study.group_tests.values import Remark, TestValues, t_values, z_values

RANK_TESTS: Final = (
    "corrado_rank_z",
    "corrado_zivney_rank_z",
    "corrado_zivney_sign_z",
    "grank_t",
    "grank_z",
)

_ONE_EVENT: Final = (
    "a rank test of one pair on one observation cannot reject at 5 %: however large it is, |Z| stays below the square "
    "root of 3"
)


def rank_tests(sample: Sample, estimates: Estimates) -> list[TestValues]:
    """Run the five rank tests.

    Notes
    -----
    K_it is the rank of AR_it among the M_i abnormal returns of the pair's estimation window and of the tested window
    (ties share their mean rank), E and W the days of the two, L2 the length of W.

    corrado_rank_z         centred rank K - (M + 1)/2, its mean over pairs k_t; sum over W of k_t / (sqrt(L2) S),
                           S^2 the mean of k_t^2 over E and W
    corrado_zivney_rank_z  U = K/(1 + M) - 1/2, u_t = sum U / sqrt(N_t); the same with u_t
    corrado_zivney_sign_z  sign of AR minus the pair's median over E and W in place of U
    grank_t, grank_z       SCAR divided by its deviation across pairs is one more observation beside the L1
                           standardised residuals; Z = mean U_0 / S with S^2 = mean over days of N_t/N u_t^2,
                           t = Z sqrt((L1 - 1)/(L1 - Z^2)) with L1 - 1 degrees of freedom; grank_z takes the variance
                           that independent ranks have, sum (T_i - 1)/(T_i + 1) / (12 N^2)

    References
    ----------
    Corrado, C. J. (1989), Journal of Financial Economics 23, doi:10.1016/0304-405X(89)90064-0.
    Corrado and Zivney (1992), Journal of Financial and Quantitative Analysis 27, doi:10.2307/2331331.
    Cowan, A. R. (1992), Review of Quantitative Finance and Accounting 2, doi:10.1007/BF00939016 (several days).
    Kolari and Pynnonen (2011), Journal of Empirical Finance 18, 953-971 (GRANK).
    """
    sums = RankSums.of(sample, estimates)
    n = sample.complete.n
    remarks = [
        assumptions.no_pairs(sample),
        Remark(_ONE_EVENT, (n == 1) & (sample.lengths == 1), "not valid"),
    ]
    induced = assumptions.induced_variance(sample)

    def rank_test(test: str, statistic: FloatArray, more: list[Remark]) -> TestValues:
        still = Remark("the ranks of every day add up to the middle one", (n > 0) & np.isnan(statistic), "no value")
        return z_values(test, statistic, n, [*remarks, still, *more])

    return [
        rank_test("corrado_rank_z", _corrado(sums.rank, sample, estimates, mean=True), [induced]),
        rank_test("corrado_zivney_rank_z", _corrado(sums.share, sample, estimates), [induced]),
        rank_test("corrado_zivney_sign_z", _corrado(sums.sign, sample, estimates), []),
        *_grank(sums, sample),
    ]


def _corrado(series: Series, sample: Sample, estimates: Estimates, *, mean: bool = False) -> FloatArray:
    """Return sum over W of k_t / (sqrt(L2) S), k_t the mean of the ranks or, by default, their sum over sqrt(N_t)."""
    spec = estimates.spec
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = series.total / (series.count if mean else np.sqrt(series.count))
    counted = series.count > 0
    scaled = np.where(counted, scaled, 0.0)
    statistic = np.empty(scaled.shape[:2])
    for place, window in enumerate(sample.windows):
        offset = spec.estimation.length - spec.event.start
        total = scaled[:, place, offset + window.start : offset + window.end + 1].sum(axis=1)
        squares = np.einsum("gt,gt->g", scaled[:, place], scaled[:, place])
        with np.errstate(invalid="ignore", divide="ignore"):
            deviation = np.sqrt(squares / counted[:, place].sum(axis=1))
            statistic[:, place] = total / (np.sqrt(window.length) * deviation)
    return statistic


def _grank(sums: RankSums, sample: Sample) -> list[TestValues]:
    series, n = sums.general, sample.standard.n
    counted = series.count > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(counted, series.total / series.count, 0.0)
        n_days = counted.sum(axis=2).astype(np.float64)
        variance = (series.count / n[:, :, None] * mean**2).sum(axis=2) / n_days
        z = mean[:, :, -1] / np.sqrt(variance)
        freedom = n_days - 2.0
        rest = freedom + 1.0 - z**2
        t = z * np.sqrt(np.maximum(freedom, 0.0) / np.where(rest > ROUNDING * (1.0 + n_days), rest, np.nan))
        independent = mean[:, :, -1] / np.sqrt(sums.event_variance / n**2)
    remarks = [
        assumptions.no_pairs(sample),
        assumptions.no_variance(sample),
        assumptions.left_out(sample),
        Remark(_ONE_EVENT, n == 1, "not valid"),
        Remark("all pairs have the same value", (n > 1) & sample.standard.is_constant, "no value"),
    ]
    still = "the mean rank of every estimation day is the middle one, so t has no end"
    of_t = [
        Remark("needs at least 2 estimation sessions", (n > 0) & (freedom < 1), "no value"),
        Remark(still, (n > 0) & np.isnan(t), "no value"),
    ]
    return [
        t_values("grank_t", t, np.maximum(freedom, 1.0), n, [*remarks, *of_t]),
        z_values("grank_z", independent, n, [*remarks, assumptions.clustered(sample, sample.standard)]),
    ]
