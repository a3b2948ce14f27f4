"""Put statistics by another program's definitions in the place of the textbook's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipelines.event_study.arrays import BoolArray, FloatArray
from pipelines.event_study.conventions import Benchmark, Convention, Group, evaluate, mean_correlation, named
from pipelines.event_study.conventions.switches import Reference
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.group_tests.sample import Sample
from pipelines.event_study.group_tests.values import GroupValues, Remark, TestValues
from pipelines.event_study.significance import two_sided_normal, two_sided_t


def by_convention(values: GroupValues, estimates: Estimates, sample: Sample) -> GroupValues:
    """Return the values with those exchanged that the study's convention defines in another way.

    A test that the program does not have, or not for such a window, keeps its textbook value and a remark says so.
    """
    convention = named(estimates.spec.convention)
    benchmark = Benchmark.of(estimates)
    segments = sample.segments
    groups = [
        Group(estimates, sample.batch.rows[start : start + size], benchmark)
        for start, size in zip(segments.starts.tolist(), segments.sizes.tolist(), strict=True)
    ]
    return GroupValues(values.caar, [_exchanged(test, convention, groups, sample) for test in values.tests])


def _exchanged(values: TestValues, convention: Convention, groups: list[Group], sample: Sample) -> TestValues:
    spec, test, shape = groups[0].estimates.spec, values.test, values.statistic.shape
    is_defined = np.array([convention.defines(test, window, spec) for window in sample.windows])
    is_other = np.zeros_like(is_defined)
    statistic, df, r_bar = values.statistic.copy(), values.df.copy(), values.r_bar.copy()
    p_value = values.p_value.copy()
    absent = _is_absent(values)
    for place in np.flatnonzero(is_defined).tolist():
        window = sample.windows[place]
        reference = convention.coverage[test].reference(window)
        is_other[place] = bool(convention.differing(test, window, spec)) or reference != "textbook"
        if not is_other[place]:
            continue
        definitions = convention.applied(test, window, spec)
        found = np.array([evaluate(definitions, group, window, test) for group in groups])
        statistic[:, place] = np.where(absent[:, place], np.nan, found)
        df[:, place] = _df(reference, values.df[:, place], groups)
        p_value[:, place] = _p_value(statistic[:, place], df[:, place])
        if not np.isnan(r_bar[:, place]).all():
            r_bar[:, place] = [mean_correlation(definitions, group) for group in groups]
    remarks = (
        *values.remarks,
        Remark(f"by the definitions of {convention.program}", np.broadcast_to(is_other, shape), "remark"),
        Remark(
            f"{convention.program} has no such test here: this is the textbook's",
            np.broadcast_to(~is_defined, shape),
            "remark",
        ),
    )
    return replace(values, statistic=statistic, p_value=p_value, df=df, r_bar=r_bar, remarks=remarks)


def _is_absent(values: TestValues) -> BoolArray:
    """Tell where a remark says that the statistic does not exist."""
    absent = np.zeros(values.statistic.shape, dtype=np.bool_)
    for remark in values.remarks:
        if remark.effect == "no value":
            absent |= remark.where
    return absent


def _df(reference: Reference, textbook: FloatArray, groups: list[Group]) -> FloatArray:
    """Return degrees of freedom, NaN for the normal distribution; shape (groups,)."""
    if reference == "textbook":
        return textbook
    if reference == "normal":
        return np.full_like(textbook, np.nan)
    return np.array([max(float(group.n.mean()) - 1.0, 1.0) for group in groups])


def _p_value(statistic: FloatArray, df: FloatArray) -> FloatArray:
    """Return two-sided p-values, normal where there are no degrees of freedom; shape (groups,)."""
    return np.where(np.isnan(df), two_sided_normal(statistic), two_sided_t(statistic, np.where(np.isnan(df), 1.0, df)))
