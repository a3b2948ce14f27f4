"""Run the tests of a study on a batch of groups."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Final

from pipelines.event_study.arrays import FloatArray
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.group_tests.by_convention import by_convention
from pipelines.event_study.group_tests.calendar_time import calendar_time_t
from pipelines.event_study.group_tests.clusters import cluster_robust_t, cluster_robust_t_date, cluster_robust_t_firm
from pipelines.event_study.group_tests.cross_correlation import (
    bmp_t_adjusted,
    crude_dependence_t,
    lamb_t,
    mean_correlation,
    patell_z_adjusted,
)
from pipelines.event_study.group_tests.parametric import (
    bmp_t,
    brown_warner_t,
    cross_sectional_t,
    jackknife_t,
    patell_csar_z,
    patell_z,
    skewness_adjusted_t,
)
from pipelines.event_study.group_tests.placebo import placebo_p
from pipelines.event_study.group_tests.ranks import RANK_TESTS, rank_tests
from pipelines.event_study.group_tests.resampling import (
    pairs_bootstrap_p,
    permutation_p,
    skewness_bootstrap_p,
    wild_bootstrap_p,
)
from pipelines.event_study.group_tests.residuals import MeanResiduals, PairResiduals
from pipelines.event_study.group_tests.sample import Batch, Sample
from pipelines.event_study.group_tests.signs import generalized_sign_z, sign_z, wilcoxon_w
from pipelines.event_study.group_tests.values import GroupValues, TestValues
from pipelines.event_study.group_tests.volatility import volatility_chi2, volatility_z
from pipelines.event_study.group_tests.window_means import WindowMeans
from pipelines.event_study.windows import Window

SAMPLE_ELEMENTS: Final = 400_000
"""Pairs times windows that are looked at together, so that a large group does not take memory by its size."""


class Groups:
    """A batch of groups with what the tests share, each part computed when a test asks for it."""

    def __init__(self, estimates: Estimates, residuals: PairResiduals, batch: Batch) -> None:
        self.estimates, self.residuals, self.batch = estimates, residuals, batch
        self._window_means: tuple[Sample, WindowMeans] | None = None

    @cached_property
    def series(self) -> MeanResiduals:
        """Average residuals of the groups."""
        return MeanResiduals.of(self.estimates, self.residuals, self.batch)

    def window_means(self, sample: Sample) -> WindowMeans:
        """Return the average residuals of the pairs that have each of a sample's windows complete."""
        if self._window_means is None or self._window_means[0] is not sample:
            self._window_means = sample, WindowMeans(self.estimates, self.series.day_means, sample)
        return self._window_means[1]

    @cached_property
    def r_bar(self) -> FloatArray:
        """Mean correlation of the groups' residuals; shape (groups,)."""
        return mean_correlation(self.estimates, self.residuals, self.series, self.batch)


_Test = Callable[[Sample, Groups], TestValues]

_BY_SAMPLE: Final[dict[str, _Test]] = {
    "cross_sectional_t": lambda sample, _: cross_sectional_t(sample),
    "crude_dependence_t": lambda sample, groups: crude_dependence_t(sample, groups.window_means(sample)),
    "brown_warner_t": lambda sample, groups: brown_warner_t(sample, groups.residuals.variance[sample.batch.rows]),
    "lamb_t": lambda sample, groups: lamb_t(sample, groups.window_means(sample), groups.estimates),
    "patell_z": lambda sample, _: patell_z(sample),
    "patell_csar_z": lambda sample, _: patell_csar_z(sample),
    "patell_z_adjusted": lambda sample, groups: patell_z_adjusted(sample, groups.r_bar),
    "bmp_t": lambda sample, _: bmp_t(sample),
    "bmp_t_adjusted": lambda sample, groups: bmp_t_adjusted(sample, groups.r_bar),
    "skewness_adjusted_t": lambda sample, _: skewness_adjusted_t(sample),
    "jackknife_t": lambda sample, _: jackknife_t(sample),
    "cluster_robust_t_date": lambda sample, _: cluster_robust_t_date(sample),
    "cluster_robust_t_firm": lambda sample, groups: cluster_robust_t_firm(sample, groups.estimates),
    "cluster_robust_t": lambda sample, groups: cluster_robust_t(sample, groups.estimates),
    "calendar_time_t": lambda sample, groups: calendar_time_t(sample, groups.estimates),
    "sign_z": lambda sample, _: sign_z(sample),
    "generalized_sign_z": lambda sample, groups: generalized_sign_z(
        sample, groups.residuals.positive_share[sample.batch.rows]
    ),
    "wilcoxon_w": lambda sample, _: wilcoxon_w(sample),
    "volatility_z": lambda sample, _: volatility_z(sample),
    "volatility_chi2": lambda sample, groups: volatility_chi2(sample, groups.estimates),
    "wild_bootstrap_p": lambda sample, groups: wild_bootstrap_p(sample, groups.estimates.spec),
    "pairs_bootstrap_p": lambda sample, groups: pairs_bootstrap_p(sample, groups.estimates.spec),
    "skewness_bootstrap_p": lambda sample, groups: skewness_bootstrap_p(sample, groups.estimates.spec),
    "permutation_p": lambda sample, groups: permutation_p(sample, groups.window_means(sample), groups.estimates),
    "placebo_p": lambda sample, groups: placebo_p(sample, groups.estimates),
}


def run_tests(estimates: Estimates, residuals: PairResiduals, batch: Batch, windows: tuple[Window, ...]) -> GroupValues:
    """Return the values of every test that the study asks for, in its order."""
    groups = Groups(estimates, residuals, batch)
    width = max(1, SAMPLE_ELEMENTS // max(batch.rows.size, 1))
    parts = [
        _run(groups, Sample.of(estimates, batch, windows[first : first + width]))
        for first in range(0, len(windows), width)
    ]
    return GroupValues.joined(parts, axis=1)


def _run(groups: Groups, sample: Sample) -> GroupValues:
    spec = groups.estimates.spec
    ranked: dict[str, TestValues] = {}
    if set(spec.all_tests) & set(RANK_TESTS):
        ranked = {found.test: found for found in rank_tests(sample, groups.estimates)}
    tests = [ranked[test] if test in ranked else _BY_SAMPLE[test](sample, groups) for test in spec.all_tests]
    values = GroupValues(sample.complete.mean, tests)
    return values if spec.convention == "textbook" else by_convention(values, groups.estimates, sample)
