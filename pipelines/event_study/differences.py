"""Say why another program gives another number: take the difference apart, one definition at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import polars as pl

from pipelines.errors import ContractError
from pipelines.event_study.conventions import (
    STATISTICS,
    TEXTBOOK,
    Benchmark,
    Convention,
    Definitions,
    Group,
    evaluate,
    named,
)
from pipelines.event_study.group_tests import GROUP_COLUMNS, tested_windows
from pipelines.event_study.result import StudyResult
from pipelines.event_study.windows import Window

SUM_TOLERANCE: Final = 1e-9
"""Largest distance between the sum of the steps and the whole difference, relative to the statistics."""

COLUMNS: Final = {
    "study_id": pl.String(),
    "convention": pl.String(),
    "group_by": pl.String(),
    "group_value": pl.String(),
    "window_start": pl.Int64(),
    "window_end": pl.Int64(),
    "test": pl.String(),
    "textbook_statistic": pl.Float64(),
    "convention_statistic": pl.Float64(),
    "difference": pl.Float64(),
    "step": pl.Int64(),
    "definition": pl.String(),
    "textbook": pl.String(),
    "other": pl.String(),
    "source": pl.String(),
    "before": pl.Float64(),
    "after": pl.Float64(),
    "change": pl.Float64(),
}
"""Columns of the frame; the key is study_id, convention, group, window, test and step."""


def explain_difference(result: StudyResult, groups: pl.DataFrame, convention: str) -> pl.DataFrame:
    """Explain how far a program's statistics lie from the textbook's, definition by definition.

    Parameters
    ----------
    result : StudyResult
        Estimates of the used pairs.
    groups : DataFrame
        Columns `event_id`, `symbol`, `group_by`, `group_value`, as for `group_tests`.
    convention : str
        A program's name, other than "textbook".

    Returns
    -------
    DataFrame
        A row for every group, tested window, test that the program has, and definition of it that differs, with the
        statistic before and after it is exchanged, in the order of the convention: `change` sums to `difference`. A
        test that the program defines as the textbook does has one row, without a step. A statistic that does not
        exist is null, and so are the changes next to it.

    Raises
    ------
    SpecError
        If the convention is not known.
    ContractError
        If a column of `groups` is missing, or the steps do not sum to the difference.
    """
    program = named(convention)
    missing = [name for name in GROUP_COLUMNS if name not in groups.columns]
    if missing:
        raise ContractError(f"groups need the columns {list(GROUP_COLUMNS)}; missing {missing}")
    used = result.estimates.pairs.frame.select("event_id", "symbol").with_row_index("pair")
    members = groups.select(GROUP_COLUMNS).unique().join(used, on=["event_id", "symbol"])
    benchmark = Benchmark.of(result.estimates)
    rows: list[dict[str, Any]] = []
    for label, part in sorted(members.partition_by("group_by", "group_value", as_dict=True).items()):
        pairs = part["pair"].sort().cast(pl.Int64).to_numpy()
        group = Group(result.estimates, pairs, benchmark)
        named_group = {"group_by": label[0], "group_value": label[1]}
        rows += [named_group | row for row in _explained(group, program, tested_windows(result))]
    frame = pl.DataFrame(rows, schema={name: COLUMNS[name] for name in COLUMNS if name not in {"study_id"}})
    _check_sums(frame)
    return frame.select(pl.lit(result.spec.study_id).alias("study_id"), pl.all())


def _explained(group: Group, program: Convention, windows: tuple[Window, ...]) -> Iterator[dict[str, Any]]:
    """Yield the rows of one group."""
    spec = group.estimates.spec
    for window in windows:
        for test in program.coverage:
            if test in STATISTICS and program.defines(test, window, spec):
                yield from _steps(group, program, window, test)


def _steps(group: Group, program: Convention, window: Window, test: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each definition that is exchanged."""
    differing = program.differing(test, window, group.estimates.spec)
    settings = [TEXTBOOK]
    for definition in differing:
        settings.append(definition.put(settings[-1]))
    values = [_value(definitions, group, window, test) for definitions in settings]
    whole = {
        "convention": program.name,
        "window_start": window.start,
        "window_end": window.end,
        "test": test,
        "textbook_statistic": values[0],
        "convention_statistic": values[-1],
        "difference": _minus(values[-1], values[0]),
    }
    if not differing:
        yield whole | {"step": 0, "before": values[0], "after": values[0], "change": _minus(values[0], values[0])}
    for place, definition in enumerate(differing):
        before, after = values[place], values[place + 1]
        yield whole | {
            "step": place + 1,
            "definition": definition.name,
            "textbook": definition.textbook,
            "other": definition.convention,
            "source": f"{program.program}, {definition.source}",
            "before": before,
            "after": after,
            "change": _minus(after, before),
        }


def _value(definitions: Definitions, group: Group, window: Window, test: str) -> float | None:
    value = evaluate(definitions, group, window, test)
    return None if np.isnan(value) else value


def _minus(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other


def _check_sums(frame: pl.DataFrame) -> None:
    """Check that the steps of every statistic sum to its whole difference."""
    key = ("group_by", "group_value", "window_start", "window_end", "test")
    sums = frame.group_by(key, maintain_order=True).agg(
        pl.col("change").sum().alias("total"),
        pl.col("change").null_count().alias("unknown"),
        pl.col("difference").first(),
        pl.max_horizontal(pl.col("before").abs().max(), pl.col("after").abs().max(), 1.0).alias("size"),
    )
    distance = (pl.col("total") - pl.col("difference")).abs()
    wrong = sums.filter((pl.col("unknown") == 0) & ~(distance <= SUM_TOLERANCE * pl.col("size")))
    if wrong.height:
        row = wrong.row(0, named=True)
        raise ContractError(
            f"the steps of {row['test']} over [{row['window_start']},{row['window_end']}] of "
            f"{row['group_by']}={row['group_value']} sum to {row['total']}, the difference is {row['difference']}; "
            "please report this as a defect"
        )
