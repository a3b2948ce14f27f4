"""Bad input of whole runs: what is published, what stays in quarantine, and what leaves the marts as they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from tests.faults.conftest import Publication
from tests.generated_prices import write
from tests.running import generation, published_bytes, reaction_here, rows

pytestmark = pytest.mark.slow

BAD_CELLS = [
    ("not_finite", {"adj_close": "NaN"}),
    ("not_finite", {"adj_close": "inf"}),
    ("not_positive", {"adj_close": "-5"}),
    ("not_positive", {"adj_close": "0"}),
    ("too_large", {"adj_close": "1e308"}),
    ("high_below_low", {"high": "1", "low": "2"}),
    ("bad_volume", {"volume": "-1"}),
    ("unreadable", {"adj_close": "n/a?"}),
    ("no_price", {"close": "", "adj_close": ""}),
    ("no_symbol", {"symbol": ""}),
]
"""Rule and cells of bad rows, one a session from `FIRST_BAD` on."""

FIRST_BAD = 20

BAD_EVENTS = """
- id: Bad Id
  title: ""
  occurred_at: "2025-01-20T12:00:00"
  precision: second
  kind: rumour
  theme: gossip
  tickers:
    - {ticker: NVDA, sign: up}
"""


def with_bad_rows(prices: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the prices as text with bad rows among NVDA's, and the same without those rows."""
    texts = prices.cast(pl.String).with_columns(
        (pl.col("symbol") == "NVDA").alias("is_hit"), pl.int_range(pl.len()).over("symbol").alias("n")
    )
    is_hit = pl.col("is_hit") & pl.col("n").is_between(FIRST_BAD, FIRST_BAD + len(BAD_CELLS) - 1)
    sound = texts.filter(~is_hit)
    broken = [
        texts.filter(pl.col("is_hit") & (pl.col("n") == number)).with_columns(
            pl.lit(text).alias(name) for name, text in cells.items()
        )
        for number, (_, cells) in enumerate(BAD_CELLS, start=FIRST_BAD)
    ]
    twice = sound.filter(pl.col("is_hit") & (pl.col("n") == 40))
    undated = [twice.with_columns(pl.lit(text).alias("date")) for text in ("", "2025-02-30", "2999-01-03")]
    extra = ["is_hit", "n"]
    return pl.concat([sound, *broken, twice, *undated]).drop(extra), sound.drop(extra)


@dataclass(frozen=True, slots=True)
class Later:
    """Homes after a run that brought later sessions: with bad rows among them, and without."""

    bad: Path
    sound: Path


@pytest.fixture(scope="module")
def later(publication: Publication, tmp_path_factory: pytest.TempPathFactory) -> Later:
    """Run on prices with bad rows, and on the same without them."""
    folder = tmp_path_factory.mktemp("later")
    homes = Later(publication.copy(folder / "bad"), publication.copy(folder / "sound"))
    for prices, home in zip(with_bad_rows(publication.later), (homes.bad, homes.sound), strict=True):
        file = write(prices, folder / f"{home.name}.csv")
        finished = reaction_here(*publication.command(file, folder), home=home)
        assert finished.code == 0, finished.err
    return homes


def test_bad_rows_are_published_as_quarantine_and_change_nothing_else(later: Later) -> None:
    """A run publishes past bad rows: they stand in quarantine by rule, every other table is as if they never came."""
    home, other = later.bad, later.sound
    found = Counter(rule for (rule,) in rows(home, "select rule_id from quarantine"))
    undated = {"no_date": 2, "unreadable": 1, "in_the_future": 1, "not_a_session": 1, "duplicate_session": 1}
    assert found == Counter(rule for rule, _ in BAD_CELLS) + Counter(undated)
    assert rows(other, "select * from quarantine") == []
    with_bad, without = dict(generation(home).table_hashes), dict(generation(other).table_hashes)
    assert with_bad.pop("quarantine") != without.pop("quarantine")
    assert with_bad == without


def test_a_pending_event_matures_on_the_run_that_brings_its_prices(publication: Publication, later: Later) -> None:
    """An event whose window was not complete is pending in one publication and used in the next."""
    query = (
        "select status, reason from fct_study_securities where event_id = 'late-news' and study_id like 'catalogue%'"
    )
    ((status, reason),) = rows(publication.home, query)
    assert (status, reason[:40]) == ("pending", "window ends 10 sessions after day 0; pri")
    assert rows(later.sound, query) == [("used", None)]


def test_prices_that_are_all_bad_close_the_gate(publication: Publication, tmp_path: Path) -> None:
    """Without one sound price nothing is published: exit 1, the gate says that no price is there, the marts stay."""
    home = publication.copy(tmp_path / "home")
    before = published_bytes(home)
    useless = publication.later.with_columns(pl.lit(-1.0).alias("adj_close"))
    finished = reaction_here(*publication.command(useless, tmp_path), home=home)

    assert finished.code == 1
    assert finished.err.startswith("error: gate 'study' is closed")
    assert "prices_are_present" in finished.err
    assert published_bytes(home) == before


def test_an_event_file_with_bad_fields_stops_the_run_before_anything_is_published(
    publication: Publication, tmp_path: Path
) -> None:
    """An event file of the user's with mistakes is refused whole; the error names every bad field, the marts stay."""
    home = publication.copy(tmp_path / "home")
    before = published_bytes(home)
    file = tmp_path / "mine.yaml"
    file.write_text(BAD_EVENTS)
    finished = reaction_here(*publication.command(publication.later, tmp_path), "--events", file, home=home)

    assert finished.code == 1
    assert finished.out == ""
    lines = [line for line in finished.err.splitlines() if str(file) in line]
    fields = ["id", "title", "kind", "theme", "precision", "occurred_at", "tickers, entry 1, sign"]
    assert [next((field for field in fields if f": {field}: expected " in line), line) for line in lines] == fields
    assert published_bytes(home) == before


def test_a_price_file_that_cannot_be_read_stops_the_run_before_anything_is_published(
    publication: Publication, tmp_path: Path
) -> None:
    """A price file that is not what its name says ends the run with one line that names it; the marts stay."""
    home = publication.copy(tmp_path / "home")
    before = published_bytes(home)
    file = tmp_path / "torn.parquet"
    file.write_bytes(b"PAR1 and then nothing")
    finished = reaction_here(*publication.command(file, tmp_path), home=home)

    assert finished.code == 1
    assert finished.err.startswith(f"error: {file}: cannot be read as Parquet")
    assert finished.err.count("\n") == 1
    assert published_bytes(home) == before
