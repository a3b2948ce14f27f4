"""Answers are laid out to be read: units, points in line, nulls that show, nothing that steers a terminal."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from flows.cli import pager
from flows.cli.answers import LONGEST_CELL, Shown, cell_text, lay_out, text_width
from flows.cli.output import print_csv, print_records
from tests.running import strict_json


def test_units_stand_under_the_names_and_points_in_line() -> None:
    """Numbers of a column have their points above each other; exponents hang to the right."""
    shown = Shown(["symbol", "car", "p"], ["", "decimal", ""], [("NVDA", -0.1326, 5.5e-07), ("TSM", 0.5, 0.25)])
    assert lay_out(shown) == [
        " symbol         car         p",
        "            decimal",
        " ────────────────────────────",
        " NVDA     -0.132600   5.5e-07",
        " TSM       0.500000   0.25",
        "(2 rows)",
    ]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "", "NULL"),
        ("", "", ""),
        (True, "", "true"),
        (-0.1326, "decimal", "-0.132600"),
        (1e-9, "decimal", "1e-09"),
        (0.0, "decimal", "0.000000"),
        (-593625926410.4, "usd", "-593,625,926,410"),
        (24530000000, "shares", "24,530,000,000"),
        (2025, "", "2025"),
        (1234567.891, "", "1,234,568"),
        (float("nan"), "", "nan"),
        (Decimal("1.50"), "", "1.50"),
        (date(2025, 1, 27), "", "2025-01-27"),
        (datetime(2025, 1, 27, 21, tzinfo=UTC), "", "2025-01-27 21:00:00Z"),
        ([1, "a"], "", '[1, "a"]'),
        ("\x1b[31mred\x1b[0m\u202e", "", "[31mred[0m"),
        ("two\nlines", "", "two lines"),
    ],
)
def test_a_value_is_shown(value: object, unit: str, text: str) -> None:
    """Each kind of value has one form."""
    assert cell_text(value, unit) == text


def test_a_wide_answer_is_shown_as_records_on_a_terminal_and_as_columns_on_a_pipe() -> None:
    """On a pipe nothing is folded; a terminal shows a line per value where a row does not fit."""
    shown = Shown(["a" * 30, "b" * 30], ["", "usd"], [("x" * 30, 5)])
    assert lay_out(shown)[3] == " " + "x" * 30 + "   " + " " * 29 + "5"
    assert lay_out(shown, width=40) == [
        "── row 1 " + "─" * 20,
        f" {'a' * 30}  {'x' * 30}",
        f" {'b' * 30}  5 usd",
        "(1 row)",
    ]
    assert lay_out(shown, width=80) == lay_out(shown)


def test_a_long_cell_is_cut_in_columns_and_said_to_be() -> None:
    """Records show all of it."""
    shown = Shown(["note"], [""], [("x" * 300,)])
    lines = lay_out(shown)
    assert lines[2] == " " + "x" * (LONGEST_CELL - 1) + "…"
    assert lines[-1] == "(cells end at 100 characters; --layout records shows them whole)"
    assert "x" * 300 in lay_out(shown, layout="records")[1]


def test_rows_beyond_the_limit_are_counted() -> None:
    """The last line says how many more there are, and how to see them."""
    assert lay_out(Shown(["x"], [""], [(1,)], more=4999))[-1] == "(1 of 5,000 rows; --limit 5000 shows 4,999 more)"
    assert lay_out(Shown(["x"], [""], []))[-1] == "(0 rows)"


def test_wide_characters_take_two_columns() -> None:
    """Names in Chinese stand in line too."""
    assert text_width("腾讯") == 4
    assert text_width("e\u0301") == 1


def test_csv_tells_a_null_from_an_empty_text_and_guards_formulas() -> None:
    """Every first character that a spreadsheet runs is quoted, also the full-width ones; numbers stay numbers."""
    out = io.StringIO()
    print_csv(["a", "b"], [(None, ""), ("=1+1", "+x"), ("-x", "@x"), ("\uff1dx", "-3"), (-0.5, 'say "hi", twice')], out)
    assert out.getvalue() == 'a,b\n,""\n\'=1+1,\'+x\n\'-x,\'@x\n\'\uff1dx,-3\n-0.5,"say ""hi"", twice"\n'


def test_json_is_written_as_the_rows_come() -> None:
    """A list of records, strict, with decimals as numbers and nulls for what is none; no rows are an empty list."""
    out = io.StringIO()
    print_records(["a", "a"], iter([(1, float("inf")), (date(2025, 1, 27), "two\nlines")]), out)
    assert strict_json(out.getvalue()) == [{"a": 1, "a_1": None}, {"a": "2025-01-27", "a_1": "two\nlines"}]
    decimals = io.StringIO()
    print_records(["a", "b"], [(Decimal("1.50"), [Decimal(2)])], decimals)
    assert strict_json(decimals.getvalue()) == [{"a": 1.5, "b": [2.0]}]
    nothing = io.StringIO()
    print_records(["a"], [], nothing)
    assert nothing.getvalue() == "[]\n"


class Terminal(io.StringIO):
    """An output that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set a pager that writes what it is given to a file, and return the file."""
    file = tmp_path / "paged.txt"
    script = tmp_path / "page"
    script.write_text(f"#!/bin/sh\ncat > '{file}'\n", encoding="utf-8")
    script.chmod(0o700)
    monkeypatch.setenv("PAGER", str(script))
    monkeypatch.setenv("LINES", "10")
    return file


def test_what_is_longer_than_the_terminal_is_paged(pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pager gets all of it and the terminal nothing."""
    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    pager.show(["line"] * 20)
    assert pages.read_text() == "line\n" * 20
    assert out.getvalue() == ""


@pytest.mark.parametrize(("n_lines", "paged"), [(5, True), (20, False)], ids=["short", "told not to"])
def test_what_fits_is_not_paged(pages: Path, monkeypatch: pytest.MonkeyPatch, n_lines: int, paged: bool) -> None:
    """Short text, or --no-pager, goes straight to the terminal."""
    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    pager.show(["line"] * n_lines, paged=paged)
    assert out.getvalue() == "line\n" * n_lines
    assert not pages.exists()


def test_a_pipe_is_never_paged(pages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get the text."""
    pager.show(["line"] * 20)
    assert capsys.readouterr().out == "line\n" * 20
    assert not pages.exists()


def test_without_a_pager_the_text_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pager that is not there is no failure."""
    monkeypatch.setenv("PAGER", "no-such-pager")
    monkeypatch.setenv("LINES", "10")
    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    pager.show(["line"] * 20)
    assert out.getvalue() == "line\n" * 20
