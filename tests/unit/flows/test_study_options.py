"""Options of `reaction study`: each reaches the specification, and what is wrong or idle is said in options."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cyclopts import CycloptsError

from flows.cli.app import build_app
from flows.cli.study_options import OutputOptions, definition_of, stored_of
from flows.stored_prices import Stored
from pipelines.errors import ConfigurationError, SpecError
from pipelines.event_study import StudySpec, Window
from pipelines.event_study.spec import DEFAULT_TESTS

FILES = ("--prices", "p.csv", "--events", "e.csv")


def parsed(*options: str) -> dict[str, Any]:
    """Return the groups of options as the command gets them."""
    _, bound, _ = build_app("study").parse_args(["study", *FILES, *options], exit_on_error=False, print_error=False)
    bound.apply_defaults()
    return bound.arguments


def spec_of(*options: str) -> StudySpec:
    """Return the specification that the options define."""
    found = parsed(*options)
    return definition_of(found["model"], found["windows"], found["tests"]).spec


MARKET = ("--benchmark", "MKT")
DIMSON = (*MARKET, "--model", "dimson")

REACHES: dict[str, tuple[tuple[str, ...], str, object]] = {
    "model": (("--model", "constant_mean"), "model", "constant_mean"),
    "benchmark": (MARKET, "benchmark_symbol", "MKT"),
    "regress on": (("--model", "linear", "--regress-on", "SMB", "--regress-on", "smb"), "factors", ("smb",)),
    "lags": ((*DIMSON, "--lags", "3"), "lags", 3),
    "leads": ((*DIMSON, "--leads", "0"), "leads", 0),
    "lags by default": (DIMSON, "lags", 1),
    "dimson form": ((*DIMSON, "--dimson-form", "sum"), "dimson_form", "sum"),
    "returns": ((*MARKET, "--returns", "log"), "return_type", "log"),
    "measure": ((*MARKET, "--measure", "log_volume"), "measure", "log_volume"),
    "standard errors": ((*MARKET, "--standard-errors", "hac"), "standard_errors", "hac"),
    "hac lags": ((*MARKET, "--standard-errors", "hac", "--hac-lags", "0"), "hac_lags", 0),
    "estimation": ((*MARKET, "--estimation=-120,-20"), "estimation", Window(-120, -20)),
    "window": ((*MARKET, "--window=-3,4"), "event", Window(-3, 4)),
    "car": ((*MARKET, "--car=0,0", "--car=-1,1", "--car=-1,1"), "car_windows", (Window(0, 0), Window(-1, 1))),
    "exclude days": ((*MARKET, "--exclude-days=-1,1"), "excluded_days", Window(-1, 1)),
    "min obs": ((*MARKET, "--min-obs", "77"), "min_estimation_obs", 77),
    "test": ((*MARKET, "--test", "patell_z", "--test", "bmp_t", "--test", "bmp_t"), "tests", ("patell_z", "bmp_t")),
    "tests by default": (MARKET, "tests", DEFAULT_TESTS),
    "resamples": ((*MARKET, "--resamples", "999"), "resamples", 999),
    "placebo dates": ((*MARKET, "--placebo-dates", "50"), "placebo_dates", 50),
    "seed": ((*MARKET, "--resamples", "9", "--seed", "5"), "seed", 5),
    "convention": ((*MARKET, "--convention", "estudy2"), "convention", "estudy2"),
}


@pytest.mark.parametrize(("options", "field", "value"), REACHES.values(), ids=REACHES)
def test_an_option_reaches_the_specification(options: tuple[str, ...], field: str, value: object) -> None:
    """What is typed is what the study does, and a repeated value counts once."""
    assert getattr(spec_of(*options), field) == value


def test_groups_reach_the_definition() -> None:
    """Tests are by all pairs, and by the columns that are named, each once."""
    found = parsed(*MARKET, "--group-by", "theme", "--group-by", "theme", "--group-by", "symbol")
    definition = definition_of(found["model"], found["windows"], found["tests"])
    assert definition.group_by == ("all", "theme", "symbol")


def test_what_is_read_and_written_is_as_typed() -> None:
    """Files, format, folder, threads and the program to explain reach the command."""
    found = parsed(*MARKET, "--out", "result", "--json", "--threads", "2", "--explain-difference", "estudy2")
    assert found["files"].prices == (Path("p.csv"),)
    assert found["output"] == OutputOptions(as_json=True, out=Path("result"), threads=2)
    assert found["output"].printed == "json"
    assert found["tests"].explain_difference == "estudy2"


def test_files_may_stand_in_a_row() -> None:
    """As a shell's *.csv gives them, or the option again, or both."""
    found = parsed("--prices", "q.csv", "r.csv", "--benchmark", "MKT")
    assert found["files"].prices == (Path("p.csv"), Path("q.csv"), Path("r.csv"))
    assert found["model"].benchmark == "MKT"


WRONG_WORDS = {
    "--model": ("markt", 'Choose from: "market", "market_adjusted", "constant_mean"'),
    "--measure": ("volume", '"return", "log_volume", "log_turnover"'),
    "--standard-errors": ("white", '"ols", "hac"'),
    "--test": ("patel_z", '"cross_sectional_t", "crude_dependence_t"'),
    "--convention": ("eventus", '"textbook", "estudy2", "eventstudytools"'),
    "--explain-difference": ("textbook", '"estudy2", "eventstudytools"'),
    "--dimson-form": ("both", '"polynomial", "sum"'),
    "--threads": ("0", "Must be >= 1"),
    "--min-obs": ("0", "Must be >= 1"),
    "--lags": ("-1", "Must be >= 0"),
    "--resamples": ("many", "unable to convert"),
}


@pytest.mark.parametrize(("option", "wrong", "said"), [(name, *case) for name, case in WRONG_WORDS.items()])
def test_a_wrong_word_is_answered_with_the_right_ones(option: str, wrong: str, said: str) -> None:
    """The message names the option, what was given and what is expected."""
    with pytest.raises(CycloptsError) as caught:
        parsed(*MARKET, f"{option}={wrong}")
    assert option in str(caught.value)
    assert wrong in str(caught.value)
    assert said in str(caught.value)


CONTRADICTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "no benchmark": ((), r"^--model 'market' needs a --benchmark; name one or use --model 'constant_mean'$"),
    "lags": ((*MARKET, "--lags", "1"), "--lags goes with --model dimson, not with market"),
    "leads": ((*MARKET, "--leads", "1"), "--leads goes with --model dimson"),
    "dimson form": ((*MARKET, "--dimson-form", "sum"), "--dimson-form goes with --model dimson"),
    "hac lags": ((*MARKET, "--hac-lags", "4"), "--hac-lags goes with --standard-errors hac, not with ols"),
    "seed": ((*MARKET, "--seed", "4"), "--seed goes with --resamples or --placebo-dates"),
    "regress on": ((*MARKET, "--regress-on", "smb"), "--regress-on goes with --model linear, not with market"),
    "linear": (("--model", "linear"), "--model linear needs --regress-on"),
    "volume": (
        (*MARKET, "--measure", "log_volume", "--explain-difference", "estudy2"),
        "--explain-difference goes with --measure return: no test of estudy2 is of log_volume",
    ),
    "bootstrap": ((*MARKET, "--test", "wild_bootstrap_p"), "need --resamples; ask for some, such as 999"),
    "placebo": ((*MARKET, "--test", "placebo_p"), "needs --placebo-dates; ask for some, such as 100"),
    "log returns": (
        ("--model", "ff3", "--returns", "log"),
        "--model 'ff3' takes simple returns.*use --returns 'simple'",
    ),
    "garch": (
        (*MARKET, "--model", "garch", "--standard-errors", "hac"),
        "--standard-errors 'hac' go with least squares of returns, not with 'garch'",
    ),
    "windows": ((*MARKET, "--estimation=-20,0"), r"\[-20,0\] must end before the event window \[-10,10\] starts"),
    "no window": ((*MARKET, "--car", "0"), "^--car: a window is two relative days such as -10,10; got '0'"),
    "backwards": ((*MARKET, "--exclude-days=2,1"), r"^--exclude-days: window \[2,1\] ends before it starts"),
    "too many": ((*MARKET, "--min-obs", "251"), "--min-obs is 251; --model 'market' .* needs a number from 3 to 250"),
}


@pytest.mark.parametrize(("options", "said"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_contradiction_is_said_in_options(options: tuple[str, ...], said: str) -> None:
    """What contradicts, lacks what it goes with or would be ignored is refused, by the names that were typed."""
    with pytest.raises(SpecError, match=said):
        spec_of(*options)


def test_two_formats_are_refused() -> None:
    """JSON by one option and CSV by another is a contradiction, not a choice."""
    with pytest.raises(ConfigurationError, match="--json and --format csv contradict each other"):
        _ = parsed("--json", "--format", "csv")["output"].printed
    assert parsed("--json", "--format", "json")["output"].printed == "json"
    assert parsed()["output"].printed == "table"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "expected prices: --prices with files, or --source with a live source; got neither"),
        (("--prices", "p.csv", "--source", "yahoo"), "--prices and --source yahoo contradict each other"),
        (("--prices", "p.csv", "--as-of", "2025-01-27T21:00:00Z"), "--as-of goes with --source: files hold what they"),
        (("--source", "yahoo", "--as-of", "2025-01-27"), "--as-of: expected an instant with a zone"),
        (("--source", "yahoo", "--layout", "wide"), "--layout: it says how --prices are read"),
        (("--source", "yahoo", "--column", "close=PRC"), "--column: it says how --prices are read"),
    ],
)
def test_prices_come_from_files_or_from_the_store(options: tuple[str, ...], message: str) -> None:
    """Exactly one of both is given, and nothing that goes with the other one."""
    _, bound, _ = build_app("study").parse_args(
        ["study", "--events", "e.csv", *options], exit_on_error=False, print_error=False
    )
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        stored_of(bound.arguments["files"])


def test_stored_prices_are_those_of_a_source_and_an_instant() -> None:
    """The instant comes in UTC; without one everything that is known now counts."""
    _, bound, _ = build_app("study").parse_args(
        ["study", "--events", "e.csv", "--source", "binance", "--as-of", "2025-01-27T16:00-05:00"],
        exit_on_error=False,
        print_error=False,
    )
    assert stored_of(bound.arguments["files"]) == Stored("binance", datetime(2025, 1, 27, 21, tzinfo=UTC))
