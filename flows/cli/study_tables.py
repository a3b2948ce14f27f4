"""What ``reaction study`` prints for people: the ledger, CARs, tests of groups, and why a program's numbers differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.cli.output import plain, print_table
from flows.cli.run import p_text
from flows.cli.study_figures import sparklines

if TYPE_CHECKING:
    import polars as pl

    from flows.ad_hoc import AdHocStudy

SHOWN_ROWS = 40
"""Rows of a table that are printed."""

SHOWN_BLOCKS = 12
"""Groups x windows whose tests are printed."""

LEAST_CHANGE = 1e-9
"""Smallest change of a statistic that is printed."""

ELSEWHERE = "see them with --format json or --out FOLDER"

STATUSES = ("used", "pending", "excluded")
BLOCK = ("group_by", "group_value", "window_start", "window_end")


def print_study(result: AdHocStudy, out: Path | None) -> None:
    """Print everything about a study, and which files were written."""
    from flows.ad_hoc import EXPLANATION

    print_ledger(result.tables["fct_study_securities"])
    print_quarantine(result.tables["quarantine"])
    print_cars(*(result.tables[name] for name in ("fct_event_cars", "fct_study_securities", "fct_abnormal_returns")))
    print_tests(result.tables["fct_group_tests"])
    if EXPLANATION in result.tables:
        print_explanation(result.tables[EXPLANATION])
    if out is not None:
        written = [(f"{out / name}.parquet", frame.height) for name, frame in result.tables.items()]
        print_table(["written", "rows"], written)


def summary_line(result: AdHocStudy) -> str:
    """Say what a program that reads the output would not see."""
    rejected = result.tables["quarantine"].height
    return f"pairs: {_counts(result.tables['fct_study_securities'])}; {rejected} rules broken by rows in quarantine"


def print_ledger(ledger: pl.DataFrame) -> None:
    """Print how many pairs were used, and why the others were not."""
    import polars as pl

    print(f"{ledger.height} pairs asked for: {_counts(ledger)}")
    lost = ledger.filter(pl.col("status") != "used").select("event_id", "symbol", "status", "reason")
    _print_head(["event", "symbol", "status", "reason"], lost.head(SHOWN_ROWS).rows(), "not used", lost.height)


def print_quarantine(quarantine: pl.DataFrame) -> None:
    """Print how many rows broke which rule."""
    import polars as pl

    by_rule = quarantine.group_by("source", "rule_id", "symbol").agg(pl.len(), pl.col("reason").min())
    rejected = by_rule.sort("source", "rule_id", "symbol", nulls_last=True)
    columns = ["source", "rule", "symbol", "rows", "such as"]
    _print_head(columns, rejected.head(SHOWN_ROWS).rows(), "rows in quarantine", rejected.height)


def print_cars(cars: pl.DataFrame, ledger: pl.DataFrame, days: pl.DataFrame) -> None:
    """Print the cumulative abnormal returns of every pair, and how they came about over its event window."""
    day0, shown = ledger.select("event_id", "symbol", "event_session"), cars.head(SHOWN_ROWS)
    paths = sparklines(days)
    rows = [
        (
            row["event_id"],
            row["symbol"],
            row["event_session"],
            _window(row) + ("" if row["is_complete"] else " incomplete"),
            _percent(row["car"]),
            _percent(row["car_se"], sign=False),
            _number(row["t_stat"]),
            p_text(row["p_value"]),
            _percent(row["bhar"]),
            row["n_estimation_obs"],
            paths[row["event_id"], row["symbol"]],
        )
        for row in shown.join(day0, on=["event_id", "symbol"], maintain_order="left").iter_rows(named=True)
    ]
    columns = ["event", "symbol", "day 0", "window", "CAR", "s.e.", "t", "p", "BHAR", "L1", "event window"]
    to_right = ("CAR", "s.e.", "t", "p", "BHAR")
    _print_head(columns, rows, "cumulative abnormal returns", cars.height, to_right)


@dataclass(frozen=True, slots=True)
class Footnotes:
    """Remarks by number, each once."""

    numbers: dict[str, int] = field(default_factory=dict)

    def mark(self, note: str | None) -> str:
        """Return the marks of a note, one for each of its remarks."""
        if not note:
            return ""
        numbers = sorted(self.numbers.setdefault(part, len(self.numbers) + 1) for part in note.split("; "))
        return " ".join(f"({number})" for number in numbers)

    def print(self) -> None:
        """Print the remarks."""
        for note, number in self.numbers.items():
            print(f"({number}) {plain(note)}")


def print_tests(tests: pl.DataFrame) -> None:
    """Print the tests of every group and window, a table each; days other than day 0 are left to the files."""
    import polars as pl

    blocks, n_left = _blocks(tests)
    n_groups = dict(tests.group_by("group_by").agg(pl.col("group_value").n_unique()).iter_rows())
    for label, rows in blocks:
        _print_block(label, rows, is_adjusted=n_groups[label["group_by"]] > 1)
    if n_left:
        print(f"... and the tests of {n_left} more groups and windows; {ELSEWHERE}\n")


def _print_block(label: dict[str, Any], tests: list[dict[str, Any]], *, is_adjusted: bool) -> None:
    """Print the tests of one group and window; p Holm is left out where there is no other group."""
    notes = Footnotes()
    absent = [test for test in tests if test["statistic"] is None]
    rows = [
        (
            test["test"],
            _number(test["statistic"]),
            "" if test["df"] is None else f"{test['df']:.6g}",
            p_text(test["p_value"]),
            *([p_text(test["p_holm"])] if is_adjusted else []),
            test["n"],
            "yes" if test["is_valid"] else "no",
            notes.mark(test["note"]),
        )
        for test in tests
        if test["statistic"] is not None
    ]
    holm = ["p Holm"] if is_adjusted else []
    caar = next((test["caar"] for test in tests if test["caar"] is not None), None)
    r_bar = next((test["r_bar"] for test in tests if test["r_bar"] is not None), None)
    title = f"tests of {_group(label)}, window {_window(label)}: CAAR {_percent(caar) or 'none'}"
    title += "" if r_bar is None else f", mean correlation {r_bar:.3f}"
    numbers = ["statistic", "df", "p", *holm, "N"]
    if rows:
        print_table(["test", *numbers, "valid", "remarks"], rows, title=title, to_right=numbers)
    else:
        print(title)
    if absent:
        listed = ", ".join(f"{test['test']} {notes.mark(test['note'])}".strip() for test in absent)
        print(f"no value: {listed}")
    notes.print()
    print()


def print_explanation(differences: pl.DataFrame) -> None:
    """Print how far a program's statistics lie from the textbook's, and what makes how much of it."""
    if not differences.height:
        print("no difference to explain: no pair is used\n")
        return
    convention = differences["convention"][0]
    blocks, n_left = _blocks(differences)
    named: dict[str, dict[str, Any]] = {}
    for label, steps in blocks:
        _print_steps(label, steps, convention, named)
    if named:
        print("definitions that differ\n")
    for name, step in named.items():
        print(f"{name}\n  textbook: {step['textbook']}\n  {convention}: {step['other']}\n  source: {step['source']}\n")
    if n_left:
        print(f"... and the differences of {n_left} more groups and windows; {ELSEWHERE}\n")


def _print_steps(
    label: dict[str, Any], steps: list[dict[str, Any]], convention: str, named: dict[str, dict[str, Any]]
) -> None:
    """Print one group and window: tests that differ with their steps, then those that do not."""
    rows: list[tuple[str, ...]] = []
    same: list[str] = []
    absent: list[str] = []
    by_test: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        by_test.setdefault(step["test"], []).append(step)
    for test, parts in by_test.items():
        effective = [part for part in parts if part["step"] and _is_change(part)]
        if not effective:
            (absent if parts[0]["textbook_statistic"] is None else same).append(test)
        for place, part in enumerate(effective):
            named.setdefault(part["definition"], part)
            whole = [_number(part[f"{name}_statistic"], 6) for name in ("textbook", "convention")]
            whole = [test, *whole, _number(part["difference"], 6, sign=True)] if not place else ["", "", "", ""]
            rows.append((*whole, _number(part["change"], 6, sign=True) or "no value", part["definition"]))
    where = f"{_group(label)}, window {_window(label)}"
    if rows:
        title = f"why {convention} differs: {where}"
        numbers = ["textbook", convention, "difference", "of it"]
        print_table(["test", *numbers, "by the definition of"], rows, title=title, to_right=numbers)
    else:
        print(f"{convention} does not differ: {where}")
    if same:
        print(f"the same by both: {', '.join(same)}")
    if absent:
        print(f"no value by either: {', '.join(absent)}")
    print()


def _is_change(step: dict[str, Any]) -> bool:
    """Tell whether a step changes the statistic, or whether there is one."""
    if step["change"] is None:
        return (step["before"] is None) != (step["after"] is None)
    return bool(abs(step["change"]) > LEAST_CHANGE)


def _blocks(frame: pl.DataFrame) -> tuple[list[tuple[dict[str, Any], list[dict[str, Any]]]], int]:
    """Return the rows of the first groups and windows, and how many more there are.

    The group of all pairs is the first, day 0 the only single day, and tests are in the order of the vocabulary.
    """
    import polars as pl

    from pipelines.contracts.vocabulary import TESTS

    order = {test: place for place, test in enumerate(TESTS)}
    shown = frame.filter((pl.col("window_start") != pl.col("window_end")) | (pl.col("window_start") == 0))
    labels = shown.select(BLOCK).unique().sort(pl.col("group_by") != "all", *BLOCK)
    blocks = []
    for label in labels.head(SHOWN_BLOCKS).iter_rows(named=True):
        rows = shown.filter(*(pl.col(name) == value for name, value in label.items())).to_dicts()
        blocks.append((label, sorted(rows, key=lambda row: order.get(row["test"], len(order)))))
    return blocks, labels.height - len(blocks)


def _print_head(
    columns: list[str], rows: Sequence[Sequence[object]], title: str, n_rows: int, to_right: tuple[str, ...] = ()
) -> None:
    """Print the first rows of a table, and how many more there are."""
    if rows:
        print_table(columns, rows, title=title, to_right=to_right)
    if n_rows > len(rows):
        print(f"... and {n_rows - len(rows)} more rows; {ELSEWHERE}\n")


def _counts(ledger: pl.DataFrame) -> str:
    counts = dict(ledger["status"].value_counts().iter_rows())
    return ", ".join(f"{counts.get(status, 0)} {status}" for status in STATUSES)


def _group(label: dict[str, Any]) -> str:
    return "all pairs" if label["group_by"] == "all" else f"{label['group_by']}={plain(label['group_value'])}"


def _window(row: dict[str, Any]) -> str:
    return f"[{row['window_start']},{row['window_end']}]"


def _percent(value: float | None, *, sign: bool = True) -> str:
    return "" if value is None else f"{value:+.3%}" if sign else f"{value:.3%}"


def _number(value: float | None, digits: int = 3, *, sign: bool = False) -> str:
    return "" if value is None else f"{value:{'+' if sign else ''}.{digits}f}"
