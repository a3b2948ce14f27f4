"""What a backfill asks for: chunks, what the ledger spares, who is asked for what, and which scopes are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from flows.backfill_plan import Scope, checked_scope, make_plan, newest_day, read_day, requests_for, wanted_of
from flows.listings import Listings
from pipelines.errors import ConfigurationError
from pipelines.settings import Settings

NOW = datetime(2025, 2, 3, 12, tzinfo=UTC)
FIRST, LAST = date(2022, 1, 1), date(2024, 12, 31)
LISTINGS = Listings({"NVDA": ("XNAS", "equity"), "^GSPC": ("XNYS", "index")}, {"-USD": "24/7", ".KS": "XKRX"}, None)


def scope(*symbols: str, sources: tuple[str, ...] = ("yahoo",), chunk_days: int = 365) -> Scope:
    """Return the scope of three years."""
    return Scope(FIRST, LAST, sources, symbols, chunk_days)


def test_a_source_of_whole_histories_is_asked_once_per_symbol() -> None:
    """Yahoo's history of a symbol is one chunk however long it is, so that it has one price basis."""
    plan = make_plan(scope("NVDA", "^GSPC", chunk_days=30), LISTINGS, {})
    assert [(lane.symbol, lane.mic, lane.chunks) for lane in plan.lanes] == [
        ("NVDA", "XNAS", ((FIRST, LAST),)),
        ("^GSPC", "XNYS", ((FIRST, LAST),)),
    ]


@pytest.mark.parametrize("chunk_days", [1, 7, 365, 366, 1096, 5000])
def test_chunks_of_a_source_of_ranges_cover_every_day_once(chunk_days: int) -> None:
    """Chunks follow one another without a gap and without an overlap, from the first day to the last."""
    (lane,) = make_plan(scope("BTC-USD", sources=("coinbase",), chunk_days=chunk_days), LISTINGS, {}).lanes
    days = [first + timedelta(n) for first, last in lane.chunks for n in range((last - first).days + 1)]
    assert days == [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1)]
    assert all((last - first).days < chunk_days for first, last in lane.chunks)


def test_what_the_ledger_says_is_done_is_left_out() -> None:
    """A chunk within a range that is done is spared, whatever the size of the chunks was; one half done is not."""
    done = {
        ("coinbase_prices", "BTC-USD"): [(FIRST, date(2023, 6, 1))],
        ("yahoo_prices", "NVDA"): [(date(2000, 1, 1), LAST)],
        ("yahoo_prices", "BTC-USD"): [(FIRST, date(2024, 12, 30))],
    }
    plan = make_plan(scope("NVDA", "BTC-USD", sources=("yahoo", "coinbase")), LISTINGS, done)
    left = {(lane.source, lane.symbol): lane.chunks for lane in plan.lanes}
    assert left["yahoo", "BTC-USD"] == ((FIRST, LAST),)
    assert left["coinbase", "BTC-USD"][0] == (date(2023, 1, 1), date(2023, 12, 31))
    assert ("yahoo", "NVDA") not in left
    assert plan.n_done == 2


def test_each_source_is_asked_for_what_it_can_have() -> None:
    """Exchanges of crypto get crypto, nasdaq.com American shares; `fred:DGS10` is asked of FRED alone."""
    everything = ("yahoo", "nasdaq", "coinbase", "fred")
    plan = make_plan(scope("NVDA", "^GSPC", "BTC-USD", "005930.KS", "fred:DGS10", sources=everything), LISTINGS, {})
    asked = {word: [lane.symbol for lane in plan.lanes if lane.source == word] for word in everything}
    assert asked == {
        "yahoo": ["NVDA", "^GSPC", "BTC-USD", "005930.KS"],
        "nasdaq": ["NVDA"],
        "coinbase": ["BTC-USD"],
        "fred": ["DGS10"],
    }


def test_a_symbol_without_an_exchange_is_named() -> None:
    """A plain ticker is American; what nobody can place is not asked for and not forgotten."""
    plan = make_plan(scope("BRK-B", "TSM", "^FOO", "X.UNKNOWN"), LISTINGS, {})
    assert [(lane.symbol, lane.mic) for lane in plan.lanes] == [("BRK-B", "XNYS"), ("TSM", "XNYS")]
    assert plan.unlisted == (("yahoo", "^FOO"), ("yahoo", "X.UNKNOWN"))
    assert not make_plan(scope("^FOO"), replace(LISTINGS, default="XNYS"), {}).unlisted


def test_sources_take_turns_in_the_groups() -> None:
    """Every group keeps all hosts busy, and holds no more symbols than it should."""
    many = tuple(f"C{n}-USD" for n in range(5))
    groups = make_plan(scope(*many, sources=("yahoo", "coinbase")), LISTINGS, {}).groups(4)
    assert [[lane.source for lane in group] for group in groups] == [
        ["yahoo", "coinbase", "yahoo", "coinbase"],
        ["yahoo", "coinbase", "yahoo", "coinbase"],
        ["yahoo", "coinbase"],
    ]


def test_the_load_counts_pages_and_takes_the_limiters_rate() -> None:
    """A year and its overlap are two pages of Coinbase, one of Binance; at half a request a second three take 6 s."""
    year = (date(2023, 1, 1), date(2023, 12, 31))
    assert [requests_for(source, year) for source in ("coinbase", "binance", "yahoo")] == [2, 1, 1]
    load = make_plan(scope("NVDA", "TSM", "AMD"), LISTINGS, {}).load("yahoo", 0.5)
    assert (load.n_symbols, load.n_chunks, load.n_requests, load.seconds) == (3, 3, 3, 6.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sources": ("bloomberg",)}, "--sources: expected some of yahoo, .*, got 'bloomberg'"),
        ({"sources": ()}, "--sources: .*, got none"),
        ({"first": date(2025, 1, 1)}, "--from 2025-01-01 lies after --to 2024-12-31; swap them"),
        ({"first": date(1850, 1, 1)}, "--from: expected a day from 1960-01-01 on, got 1850-01-01"),
        ({"last": date(2025, 2, 3)}, "--to: the last day that is over everywhere is 2025-02-02, got 2025-02-03"),
        ({"chunk_days": 0}, "--chunk: expected days, at least 1, got 0"),
        ({"symbols": ()}, "--symbols: expected at least one symbol, got none"),
    ],
)
def test_a_scope_that_cannot_be_filled_is_refused(change: dict[str, object], message: str) -> None:
    """The message names the option, what was expected and what was got."""
    with pytest.raises(ConfigurationError, match=message):
        checked_scope(replace(scope("NVDA"), **change), NOW)  # type: ignore[arg-type]


def test_a_day_must_be_one() -> None:
    """A text that is no day is named with its option."""
    assert read_day("--to", " 2024-12-31 ") == LAST
    with pytest.raises(ConfigurationError, match="--to: expected a day such as 2005-01-01, got '31/12/2024'"):
        read_day("--to", "31/12/2024")


def test_a_day_is_over_when_its_last_session_is() -> None:
    """Half an hour after midnight in UTC the day before is over, its last crypto bar too."""
    assert newest_day(datetime(2025, 2, 3, 0, 29, tzinfo=UTC)) == date(2025, 2, 1)
    assert newest_day(datetime(2025, 2, 3, 0, 30, tzinfo=UTC)) == date(2025, 2, 2)


def test_symbols_come_from_the_option_then_the_settings_then_the_seeds(tmp_path: Path) -> None:
    """A list with commas, files, the settings' symbols, or what the sources can serve; each once."""
    file = tmp_path / "universe.txt"
    file.write_text("symbol\nTSM  # Taiwan\nNVDA\n")
    settings = Settings(home=tmp_path, symbols=("AMD",))
    assert wanted_of(settings, ("yahoo",), ("NVDA,AMD", str(file))) == ("NVDA", "AMD", "TSM")
    assert wanted_of(settings, ("yahoo",), ()) == ("AMD",)
    served = wanted_of(Settings(home=tmp_path), ("coinbase", "nasdaq"), ())
    assert {"BTC-USD", "NVDA"} < set(served)
    assert len(served) == len(set(served))
    with pytest.raises(ConfigurationError, match="expected a text file with a symbol a line"):
        wanted_of(settings, ("yahoo",), ("missing.txt",))
