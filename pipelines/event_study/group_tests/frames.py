"""Write the values of tests as rows of the published table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.contracts import FCT_GROUP_TESTS
from pipelines.event_study.arrays import FloatArray, IntArray
from pipelines.event_study.group_tests.values import GroupValues, Remark, TestValues
from pipelines.event_study.significance import benjamini_hochberg, holm
from pipelines.event_study.spec import StudySpec
from pipelines.event_study.windows import Window


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """The tests of groups as arrays, with what their rows and columns stand for.

    Attributes
    ----------
    labels : DataFrame
        `group` (number), `group_by`, `group_value` of every group asked for.
    filled : list of int
        Groups that have used pairs, in the order of the values' rows.
    windows : tuple of Window
        Tested windows, in the order of the values' columns.
    values : GroupValues or None
        None if no group has a used pair.
    """

    labels: pl.DataFrame
    filled: list[int]
    windows: tuple[Window, ...]
    values: GroupValues | None


def test_frame(spec: StudySpec, evaluated: Evaluated) -> pl.DataFrame:
    """Write a row for every group, window and test; a group without a used pair gets rows without a value."""
    labels, filled, windows, values = evaluated.labels, evaluated.filled, evaluated.windows, evaluated.values
    keys = pl.DataFrame(
        {
            "window_start": pl.Series([window.start for window in windows], dtype=pl.Int64),
            "window_end": pl.Series([window.end for window in windows], dtype=pl.Int64),
        }
    )
    known = labels.filter(pl.col("group").is_in(filled))
    frames = [FCT_GROUP_TESTS.empty().drop("study_id")]
    if values is not None:
        frames += [_rows(known, keys, test, values.caar) for test in values.tests]
    empty = labels.filter(~pl.col("group").is_in(filled))
    if empty.height:
        tests = pl.DataFrame({"test": list(spec.all_tests)}, schema={"test": pl.String})
        frames.append(_no_rows(empty.join(keys, how="cross").join(tests, how="cross")))
    return pl.concat(frames, how="diagonal").with_columns(pl.lit(spec.study_id).alias("study_id"))


def _rows(labels: pl.DataFrame, keys: pl.DataFrame, values: TestValues, caar: FloatArray) -> pl.DataFrame:
    n_groups, n_windows = values.statistic.shape
    group, window = np.repeat(np.arange(n_groups), n_windows), np.tile(np.arange(n_windows), n_groups)
    p_holm, p_bh = (_adjusted(values.p_value, labels, adjust) for adjust in (holm, benjamini_hochberg))
    columns = {
        "statistic": values.statistic,
        "p_value": values.p_value,
        "p_holm": p_holm,
        "p_bh": p_bh,
        "df": np.where(np.isnan(values.statistic) | (values.n < 1), np.nan, values.df),
        "caar": caar,
        "r_bar": values.r_bar,
    }
    return pl.concat([labels.select("group_by", "group_value")[group], keys[window]], how="horizontal").with_columns(
        pl.lit(values.test).alias("test"),
        *(pl.Series(name, column.ravel(), nan_to_null=True) for name, column in columns.items()),
        pl.Series("n", values.n.ravel()),
        pl.Series("is_valid", values.is_valid.ravel()),
        _notes(values.remarks, values.statistic.size),
    )


def _no_rows(keys: pl.DataFrame) -> pl.DataFrame:
    """Write what is to be said of a group that has no used pair."""
    nothing = ("statistic", "p_value", "p_holm", "p_bh", "df", "caar", "r_bar")
    return keys.drop("group").with_columns(
        *(pl.lit(None, pl.Float64).alias(name) for name in nothing),
        pl.lit(0, pl.Int64).alias("n"),
        pl.lit(value=False).alias("is_valid"),
        pl.lit("no pair has a complete window").alias("note"),
    )


def _adjusted(p_value: FloatArray, labels: pl.DataFrame, adjust: Callable[[FloatArray], FloatArray]) -> FloatArray:
    adjusted = np.empty_like(p_value)
    for rows in _families(labels):
        adjusted[rows] = adjust(p_value[rows])
    return adjusted


def _families(labels: pl.DataFrame) -> list[IntArray]:
    """Return the rows of the groups of each `group_by`."""
    frame = labels.select("group_by").with_row_index("row")
    return [part["row"].to_numpy() for part in frame.partition_by("group_by", maintain_order=True)]


def _notes(remarks: Sequence[Remark], n_rows: int) -> pl.Series:
    """Join what applies to each row, the reason for a missing value alone where there is one."""
    notes = np.full(n_rows, None, dtype=object)
    absent = np.zeros(n_rows, dtype=np.bool_)
    for effect in ("no value", "not valid", "remark"):
        for remark in remarks:
            if remark.effect == effect:
                rows = np.flatnonzero(remark.where.ravel() & ~absent)
                _append(notes, rows, remark)
                if effect == "no value":
                    absent[rows] = True
    return pl.Series("note", notes.tolist(), dtype=pl.String)


def _append(notes: np.ndarray, rows: IntArray, remark: Remark) -> None:
    facts = [np.broadcast_to(fact, remark.where.shape).ravel()[rows].tolist() for fact in remark.facts]
    for place, row in enumerate(rows.tolist()):
        text = remark.text.format(*(_plain(fact[place]) for fact in facts))
        notes[row] = text if notes[row] is None else f"{notes[row]}; {text}"


def _plain(fact: object) -> object:
    return int(fact) if isinstance(fact, float) and fact.is_integer() else fact
