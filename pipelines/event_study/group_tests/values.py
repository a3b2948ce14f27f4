"""What a test says of groups and windows: statistic, p-value, and why it may not speak."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.event_study.arrays import BoolArray, FloatArray, IntArray
from pipelines.event_study.significance import two_sided_normal, two_sided_t

Effect = Literal["no value", "not valid", "remark"]


@dataclass(frozen=True, slots=True, eq=False)
class Remark:
    """Something to be said of a test.

    Attributes
    ----------
    text : str
        Sentence with a ``{}`` for each of `facts`.
    where : array of bool, shape (groups, windows)
        Where it is to be said.
    effect : str
        "no value": the statistic does not exist; "not valid": it does, and the test's assumptions fail; "remark".
    facts : tuple of array, each (groups, windows)
        Numbers in the sentence; datetime64 for dates.
    """

    text: str
    where: BoolArray
    effect: Effect
    facts: tuple[NDArray[Any], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class TestValues:
    """Values of one test; every array has shape (groups, windows).

    Attributes
    ----------
    statistic, p_value, df : array
        NaN where there is none; df is NaN for a normal reference.
    n : array of int
        Pairs the test rests on.
    r_bar : array
        Mean correlation it corrects for; NaN for the others.
    remarks : tuple of Remark
    """

    __test__ = False  # pytest is not to collect it

    test: str
    statistic: FloatArray
    p_value: FloatArray
    df: FloatArray
    n: IntArray
    r_bar: FloatArray
    remarks: tuple[Remark, ...]

    @property
    def is_valid(self) -> BoolArray:
        """Whether the test has a value and its assumptions hold."""
        valid = ~np.isnan(self.statistic)
        for remark in self.remarks:
            if remark.effect != "remark":
                valid &= ~remark.where
        return valid


def t_values(
    test: str, statistic: FloatArray, df: FloatArray, n: FloatArray, remarks: Sequence[Remark], **more: FloatArray
) -> TestValues:
    """Refer a statistic to Student's t."""
    df = np.broadcast_to(df, statistic.shape)
    return _values(test, statistic, lambda value: two_sided_t(value, df), df=df, n=n, remarks=remarks, **more)


def z_values(
    test: str, statistic: FloatArray, n: FloatArray, remarks: Sequence[Remark], **more: FloatArray
) -> TestValues:
    """Refer a statistic to the standard normal."""
    df = np.full(statistic.shape, np.nan)
    return _values(test, statistic, two_sided_normal, df=df, n=n, remarks=remarks, **more)


def p_values(
    test: str,
    statistic: FloatArray,
    p_value: FloatArray,
    n: FloatArray,
    remarks: Sequence[Remark],
    *,
    df: FloatArray | None = None,
) -> TestValues:
    """Keep a p-value that was found in another way."""
    df = np.full(statistic.shape, np.nan) if df is None else np.broadcast_to(df, statistic.shape)
    return _values(
        test, statistic, lambda value: np.where(np.isnan(value), np.nan, p_value), df=df, n=n, remarks=remarks
    )


def _values(
    test: str,
    statistic: FloatArray,
    refer: Callable[[FloatArray], FloatArray],
    *,
    df: FloatArray,
    n: FloatArray,
    remarks: Sequence[Remark],
    r_bar: FloatArray | None = None,
) -> TestValues:
    absent = np.zeros(statistic.shape, dtype=np.bool_)
    for remark in remarks:
        if remark.effect == "no value":
            absent |= remark.where
    with np.errstate(invalid="ignore"):
        statistic = np.where(absent | ~np.isfinite(statistic), np.nan, statistic)
        p_value = refer(statistic)
    r_bar = np.full(statistic.shape, np.nan) if r_bar is None else np.broadcast_to(r_bar, statistic.shape)
    return TestValues(test, statistic, p_value, df, np.asarray(n).astype(np.int64), r_bar, tuple(remarks))


def joined(parts: Sequence[TestValues], axis: int) -> TestValues:
    """Join the values of one test over successive groups (axis 0) or windows (axis 1)."""

    def join(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts], axis=axis)

    remarks = tuple(
        Remark(
            text=first.text,
            where=np.concatenate([part.remarks[place].where for part in parts], axis=axis),
            effect=first.effect,
            facts=tuple(
                np.concatenate([part.remarks[place].facts[fact] for part in parts], axis=axis)
                for fact in range(len(first.facts))
            ),
        )
        for place, first in enumerate(parts[0].remarks)
    )
    columns = {name: join(name) for name in ("statistic", "p_value", "df", "n", "r_bar")}
    return TestValues(test=parts[0].test, remarks=remarks, **columns)


@dataclass(frozen=True, slots=True, eq=False)
class GroupValues:
    """All that is said of groups and windows.

    Attributes
    ----------
    caar : array, shape (groups, windows)
        Mean abnormal return or CAR of the pairs with a complete window; NaN without one.
    tests : list of TestValues
    """

    caar: FloatArray
    tests: list[TestValues]

    @classmethod
    def joined(cls, parts: Sequence[GroupValues], axis: int) -> GroupValues:
        """Join the values over successive groups (axis 0) or windows (axis 1)."""
        tests = [joined(of_test, axis) for of_test in zip(*(part.tests for part in parts), strict=True)]
        return cls(np.concatenate([part.caar for part in parts], axis=axis), tests)
