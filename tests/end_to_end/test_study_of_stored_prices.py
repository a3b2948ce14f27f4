"""`reaction study --source`: the stored prices of a live source, as known now and as known at an instant."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from flows.stored_prices import Stored, stored_prices
from pipelines.fake_providers.market import Security
from tests.live_rig import Rig, rig
from tests.running import Finished, reaction_here

pytestmark = pytest.mark.slow

FRIDAY, MONDAY, TUESDAY = date(2024, 6, 7), date(2024, 6, 10), date(2024, 6, 11)
STUDIED = ("NVDA", "AAPL", "^GSPC")
WINDOWS = ("--estimation=-60,-11", "--window=-3,3", "--car=-1,1", "--min-obs", "40", "--group-by", "event_id")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that has stored four symbols up to Friday, to be copied."""
    home = tmp_path_factory.mktemp("stored") / "home"
    with rig(home) as found:
        found.at(FRIDAY)
        found.poll(*STUDIED, "SPY")
    return home


@pytest.fixture
def made(stored: Path, tmp_path: Path) -> Iterator[Rig]:
    """Return a rig half a minute after it has stored four symbols, beside a list of events of two of them."""
    events = [("results", "NVDA", date(2024, 5, 20)), ("results", "AAPL", date(2024, 5, 20))]
    events.append(("launch", "NVDA", date(2024, 5, 30)))
    frame = pl.DataFrame(events, schema=["event_id", "symbol", "event_date"], orient="row")
    frame.write_csv(tmp_path / "events.csv")
    with rig(shutil.copytree(stored, tmp_path / "home")) as found:
        found.at(FRIDAY)
        found.clock.at += timedelta(seconds=30)
        found.runs = 1
        yield found


def study(
    made: Rig, *options: object, prices: tuple[object, ...] = ("--source", "yahoo"), benchmark: str = "^GSPC"
) -> Finished:
    """Run `reaction study` on the events against a benchmark."""
    home = made.settings.home
    events = ("--events", home.parent / "events.csv")
    return reaction_here("study", *prices, *events, "--benchmark", benchmark, *WINDOWS, *options, home=home)


def written(made: Rig, name: str, *options: object, prices: tuple[object, ...] = ("--source", "yahoo")) -> Path:
    """Run a study that writes its tables, and return their folder."""
    folder = made.settings.home.parent / name
    finished = study(made, *options, "--out", folder, prices=prices)
    assert finished.code == 0, finished.err
    assert finished.err == ""
    return folder


def tables(folder: Path) -> dict[str, bytes]:
    """Return every table that a study wrote, byte for byte."""
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def restate(made: Rig) -> None:
    """Let NVDA split and AAPL pay a dividend on Monday, and store Monday and Tuesday."""
    made.market.add_split("NVDA", MONDAY, 10)
    made.market.add_dividend("AAPL", MONDAY, 1.5)
    for day in (MONDAY, TUESDAY):
        made.at(day)
        made.poll(*STUDIED)


def test_a_study_as_of_before_a_split_is_the_study_of_that_day(made: Rig) -> None:
    """Every table comes back byte for byte, whatever was restated since; without the instant it does not."""
    friday = made.clock.now()
    before = tables(written(made, "friday"))
    restate(made)
    assert tables(written(made, "as-of-friday", "--as-of", friday.isoformat())) == before
    assert len(before) == 7
    assert tables(written(made, "now")) != before


def test_a_study_across_the_seams_is_that_of_one_full_download(made: Rig, tmp_path: Path) -> None:
    """Abnormal returns from vintages and what continues them agree to 1e-12 with those of one download, in a file."""
    restate(made)
    ours = pl.read_parquet(written(made, "stored") / "fct_abnormal_returns.parquet")
    other = Rig(made.market, made.yahoo, made.clock, made.settings.model_copy(update={"home": tmp_path / "other"}))
    other.poll(*STUDIED)
    pl.concat([other.bars(symbol) for symbol in STUDIED]).write_parquet(tmp_path / "download.parquet")
    download = written(made, "download", prices=("--prices", tmp_path / "download.parquet"))
    theirs = pl.read_parquet(download / "fct_abnormal_returns.parquet")
    key = ["event_id", "symbol", "relative_day"]
    assert ours.select(key).equals(theirs.select(key))
    assert ours.height == 3 * 7
    gap = (ours["abnormal_return"] - theirs["abnormal_return"]).abs()
    assert gap.null_count() == 0
    assert gap.max() < 1e-12  # type: ignore[operator]


def test_only_the_bars_of_the_study_are_read(made: Rig) -> None:
    """SPY is stored too and is not asked for; every stored symbol can be named in a message."""
    found = stored_prices(made.settings, Stored("yahoo"), ["NVDA", "^GSPC"], datetime.now(UTC))
    assert [batch.object for batch in found.batches] == ["NVDA", "^GSPC"]
    assert found.symbols == ["AAPL", "NVDA", "SPY", "^GSPC"]
    assert found.batches[0].frame.drop("row_number", "unreadable", "file").equals(made.bars("NVDA"))


def test_a_symbol_that_was_never_stored_is_named_with_close_ones(made: Rig) -> None:
    """One of several is a pair without prices and a line; a benchmark or the only symbol ends the study."""
    events = made.settings.home.parent / "events.csv"
    events.write_text("event_id,symbol,event_date\nresults,NVDA,2024-05-20\nresults,AAPLE,2024-05-20\n")
    one = study(made)
    assert one.code == 0, one.err
    assert "without prices: AAPLE was never stored (did you mean AAPL?); `reaction backfill --sources yahoo" in one.err
    assert "AAPLE has no prices" in one.out
    benchmark = study(made, benchmark="GSPC")
    assert benchmark.code == 2
    assert "GSPC has no prices among the 4 symbols of the stored prices of Yahoo Finance, such as ^GSPC" in (
        benchmark.err
    )
    events.write_text("event_id,symbol,event_date\nresults,NVDIA,2024-05-20\n")
    options = ("--source", "yahoo", "--events", events, "--model", "constant_mean", *WINDOWS)
    alone = reaction_here("study", *options, home=made.settings.home)
    assert alone.code == 1
    assert "none of the 1 symbols that the study needs can be had: NVDIA was never stored (did you mean NVDA?)" in (
        alone.err
    )


def test_a_former_symbol_is_studied_as_what_it_is_now(made: Rig) -> None:
    """In an event and as the benchmark; where nothing is stored of it, the message has both symbols."""
    events = made.settings.home.parent / "events.csv"
    events.write_text("event_id,symbol,event_date\nresults,NVDA,2024-05-20\nold,IIVI,2022-05-20\n")
    lacking = study(made, benchmark="FB")
    assert lacking.code == 2
    assert "COHR (IIVI is its former symbol) was never stored; META (FB is its former symbol) was never" in lacking.err
    for symbol in ("META", "COHR"):
        made.market.add(Security(symbol))
    made.poll("META", "COHR")
    found = study(made, "--format", "json", benchmark="FB")
    assert found.code == 0, found.err
    assert [row["benchmark_symbol"] for row in found.json["dim_studies"]] == ["META"]
    pairs = {row["symbol"]: row["status"] for row in found.json["fct_study_securities"]}
    assert pairs == {"NVDA": "used", "COHR": "excluded"}


def test_a_symbol_in_small_letters_needs_no_backfill(made: Rig) -> None:
    """What is stored is named in its place."""
    events = made.settings.home.parent / "events.csv"
    events.write_text("event_id,symbol,event_date\nresults,NVDA,2024-05-20\nresults,aapl,2024-05-20\n")
    found = study(made)
    assert found.err == "without prices: aapl was never stored (did you mean AAPL?)\n"


def test_what_was_not_known_yet_is_said_with_when_it_was(made: Rig) -> None:
    """Before the first store nothing was known; before a symbol's first it was not among what was."""
    began = made.clock.now() - timedelta(minutes=1)
    nothing = study(made, "--as-of", began.isoformat())
    assert nothing.code == 1
    assert f"nothing of Yahoo Finance was known by {began.isoformat()}: its first prices were stored at " in nothing.err
    made.at(MONDAY)
    friday = made.clock.now() - timedelta(days=1)
    made.market.add(Security("LATE", listed=date(2024, 1, 2)))
    made.poll("LATE", settings=made.settings.model_copy(update={"exchange": "XNAS"}))
    late = study(made, "--as-of", friday.isoformat(), benchmark="LATE")
    assert late.code == 2
    assert "LATE was first stored at 2024-06-10T22:00" in late.err


def test_a_source_without_prices_says_where_there_are_some(made: Rig, tmp_path: Path) -> None:
    """Of another source nothing is stored, and in an empty home nothing at all."""
    coinbase = study(made, prices=("--source", "coinbase"))
    assert coinbase.code == 1
    assert "no price of Coinbase is stored" in coinbase.err
    assert "there are prices of yahoo; fetch some with `reaction backfill --sources coinbase" in coinbase.err
    events = ("--events", tmp_path / "events.csv")
    empty = reaction_here("study", "--source", "yahoo", *events, "--benchmark", "^GSPC", home=tmp_path / "empty")
    assert empty.code == 1
    assert "no price of Yahoo Finance is stored" in empty.err
    assert not (tmp_path / "empty").exists()
