"""Tables of `reaction study`: what is shown of tests and differences, and what is left to the files."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from flows.cli import study_tables
from pipelines.contracts import FCT_GROUP_TESTS
from pipelines.event_study.differences import COLUMNS


def a_test(test: str, statistic: float | None, **changes: Any) -> dict[str, Any]:
    """Return a row of fct_group_tests over the window [0,1]."""
    usual = {
        "study_id": "ad-hoc",
        "group_by": "all",
        "group_value": "all",
        "window_start": 0,
        "window_end": 1,
        "test": test,
        "statistic": statistic,
        "p_value": None if statistic is None else 0.04,
        "p_holm": None if statistic is None else 0.08,
        "p_bh": None if statistic is None else 0.08,
        "df": None,
        "n": 5,
        "caar": 0.0123,
        "r_bar": None,
        "is_valid": statistic is not None,
        "note": None,
    }
    return usual | changes


def frame_of(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return rows of fct_group_tests as a frame."""
    return FCT_GROUP_TESTS.conform(pl.DataFrame(rows, schema=FCT_GROUP_TESTS.polars_schema))


def a_step(test: str, change: float | None, **changes: Any) -> dict[str, Any]:
    """Return a row of an explanation in which the textbook has 1.5."""
    after = None if change is None else 1.5 + change
    usual = {
        "study_id": "ad-hoc",
        "convention": "estudy2",
        "group_by": "all",
        "group_value": "all",
        "window_start": 0,
        "window_end": 0,
        "test": test,
        "textbook_statistic": 1.5,
        "convention_statistic": after,
        "difference": change,
        "step": 1,
        "definition": "sigma",
        "textbook": "divisor L1-k",
        "other": "divisor L1-1",
        "source": "the program, patell()",
        "before": 1.5,
        "after": after,
        "change": change,
    }
    return usual | changes


def lines(text: str) -> list[str]:
    """Return the printed lines with single spaces."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def test_a_block_holds_the_tests_of_a_group_and_window(capsys: pytest.CaptureFixture[str]) -> None:
    """Tests stand in the order of the vocabulary with their marks; a remark is printed once, no p-value is zero."""
    shared = "2 of 5 pairs share a day"
    study_tables.print_tests(
        frame_of(
            a_test("wilcoxon_w", None, note="needs at least 6 pairs, has 5"),
            a_test("patell_z", 40.0, p_value=0.0, note=f"{shared}; by another definition", is_valid=False),
            a_test("cross_sectional_t", 2.5, df=4.0, note=shared, is_valid=False),
            a_test("bmp_t_adjusted", 2.1, df=4.0, r_bar=0.125, p_value=2e-5),
        )
    )
    shown = lines(capsys.readouterr().out)
    assert shown[0] == "tests of all pairs, window [0,1]: CAAR +1.230%, mean correlation 0.125"
    assert shown[1] == "test statistic df p N valid remarks"
    assert shown[3:] == [
        "cross_sectional_t 2.500 4 0.040 5 no (1)",
        "patell_z 40.000 <1e-300 5 no (1) (2)",
        "bmp_t_adjusted 2.100 4 2e-05 5 yes",
        "no value: wilcoxon_w (3)",
        "(1) 2 of 5 pairs share a day",
        "(2) by another definition",
        "(3) needs at least 6 pairs, has 5",
    ]


def test_groups_that_are_many_have_adjusted_p_values(capsys: pytest.CaptureFixture[str]) -> None:
    """The group of all pairs comes first and has no p Holm, the groups of a column have one."""
    study_tables.print_tests(
        frame_of(
            *(a_test("sign_z", 2.0, group_by="alpha", group_value=value) for value in ("a\x1b[31m", "b")),
            a_test("sign_z", 1.0),
        )
    )
    shown = lines(capsys.readouterr().out)
    heads = [line for line in shown if line.startswith("tests of")]
    assert [head.split(",")[0] for head in heads] == ["tests of all pairs", "tests of alpha=a[31m", "tests of alpha=b"]
    assert [line for line in shown if line.startswith("test ")] == [
        "test statistic df p N valid remarks",
        *["test statistic df p p Holm N valid remarks"] * 2,
    ]
    assert shown.count("sign_z 2.000 0.040 0.080 5 yes") == 2


def test_days_other_than_day_0_are_left_to_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    """Of single days day 0 is shown; of many groups the first, and how many are not."""
    days = [a_test("sign_z", 2.0, window_start=day, window_end=day) for day in (-1, 0, 1)]
    study_tables.print_tests(frame_of(*days))
    assert [line for line in lines(capsys.readouterr().out) if "window" in line] == [
        "tests of all pairs, window [0,0]: CAAR +1.230%"
    ]
    many = [a_test("sign_z", 2.0, group_by="event_id", group_value=f"{n:03}") for n in range(20)]
    study_tables.print_tests(frame_of(*many))
    shown = capsys.readouterr().out
    assert shown.count("tests of event_id=") == study_tables.SHOWN_BLOCKS
    left = 20 - study_tables.SHOWN_BLOCKS
    assert f"... and the tests of {left} more groups and windows; see them with --format json or --out FOLDER" in shown


def test_a_difference_is_shown_with_what_makes_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Steps that change nothing are left out; each definition is explained once."""
    effect = {"definition": "moments", "textbook": "own days", "other": "all days"}
    steps = [
        a_step("patell_z", 0.02, difference=0.015),
        a_step("patell_z", -0.005, difference=0.015, step=2, **effect),
        a_step("patell_z", 0.0, difference=0.015, step=3, definition="absent"),
        a_step("bmp_t", 0.001),
        a_step("sign_z", 0.0, step=0, definition=None),
        a_step("lamb_t", None, textbook_statistic=None, before=None, after=None),
        a_step("brown_warner_t", None),
    ]
    study_tables.print_explanation(pl.DataFrame(steps, schema=COLUMNS))
    shown = lines(capsys.readouterr().out)
    assert shown[0] == "why estudy2 differs: all pairs, window [0,0]"
    assert shown[1] == "test textbook estudy2 difference of it by the definition of"
    assert shown[3:] == [
        "brown_warner_t 1.500000 no value sigma",
        "patell_z 1.500000 1.520000 +0.015000 +0.020000 sigma",
        "-0.005000 moments",
        "bmp_t 1.500000 1.501000 +0.001000 +0.001000 sigma",
        "the same by both: sign_z",
        "no value by either: lamb_t",
        "definitions that differ",
        "sigma",
        "textbook: divisor L1-k",
        "estudy2: divisor L1-1",
        "source: the program, patell()",
        "moments",
        "textbook: own days",
        "estudy2: all days",
        "source: the program, patell()",
    ]


def test_no_difference_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing differs, and where nothing was studied, a line says so."""
    study_tables.print_explanation(pl.DataFrame([a_step("sign_z", 0.0)], schema=COLUMNS))
    assert lines(capsys.readouterr().out) == [
        "estudy2 does not differ: all pairs, window [0,0]",
        "the same by both: sign_z",
    ]
    study_tables.print_explanation(pl.DataFrame(schema=COLUMNS))
    assert lines(capsys.readouterr().out) == ["no difference to explain: no pair is used"]


def test_a_group_whose_tests_have_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    """A block without one value is its title and the reasons, no empty table; no tests print nothing."""
    study_tables.print_tests(
        frame_of(a_test("cross_sectional_t", None, caar=None, note="needs at least 2 pairs, has 0"))
    )
    assert lines(capsys.readouterr().out) == [
        "tests of all pairs, window [0,1]: CAAR none",
        "no value: cross_sectional_t (1)",
        "(1) needs at least 2 pairs, has 0",
    ]
    study_tables.print_tests(FCT_GROUP_TESTS.empty())
    assert capsys.readouterr().out == ""
