"""Counts of shares from EDGAR in the store: asked once a week, and read by the model of shares."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from flows.run import model_variables, models
from flows.share_counts import REST, SharesRefreshed, refresh_share_counts, share_count_warnings
from pipelines.errors import ConfigurationError, SourceError
from pipelines.fake_providers import edgar as fake
from pipelines.fake_providers import faults
from pipelines.fake_providers.edgar import Company, FakeEdgar, ShareCount
from pipelines.settings import Settings
from pipelines.sources.live import Outcome
from pipelines.sources.web.clock import SetClock
from pipelines.sources.web.hosts import Hosts
from warehouse.connection import open_file
from warehouse.live_record import stored_objects
from warehouse.models import run_ready
from warehouse.workspace import load_seeds, open_reader, read_frame, set_variables, write_table

NVDA, ALPHABET = 1045810, 1652044
NOW = datetime(2025, 1, 27, 12, tzinfo=UTC)
BALANCE_SHEET = "us-gaap:CommonStockSharesOutstanding"
CONTACT = SecretStr("Jane Doe jane@example.com")


@pytest.fixture
def server() -> Iterator[FakeEdgar]:
    """Start a fake of EDGAR with two filers."""
    with FakeEdgar([Company(NVDA, "NVIDIA CORP", ("NVDA",)), Company(ALPHABET, "Alphabet", ("GOOGL", "GOOG"))]) as one:
        one.counts = [
            ShareCount(NVDA, date(2024, 11, 15), 24_490, date(2024, 11, 20)),
            ShareCount(
                ALPHABET, date(2024, 9, 30), 12_240, date(2024, 10, 30), "10-Q", "us-gaap:CommonStockSharesOutstanding"
            ),
        ]
        yield one


def refresh(
    home: Path, server: FakeEdgar, at: datetime, *symbols: str, contact: SecretStr | None = CONTACT
) -> SharesRefreshed:
    """Refresh symbols at an instant."""
    settings = Settings(home=home, edgar_base_url=server.base_url, sec_contact=contact)
    return refresh_share_counts(settings, f"{at}", symbols, at, Hosts(SetClock(at)))


def requests(home: Path) -> list[tuple[str, str, int | None]]:
    """Return the record of requests."""
    with open_file(home / "warehouse.duckdb") as connection:
        return connection.execute("select object, outcome, n_rows from raw.requests order by fetched_at").fetchall()


def test_symbols_are_asked_for_once_a_week(tmp_path: Path, server: FakeEdgar) -> None:
    """By the number of their filer; what the SEC does not list is named."""
    first = refresh(tmp_path, server, NOW, "NVDA", "GOOGL", "TSM")
    assert (first.unknown, first.stored.n_new, len(server.log)) == (("TSM",), 3, 3)
    assert refresh(tmp_path, server, NOW + REST - timedelta(hours=1), "NVDA", "GOOGL").answers == ()
    again = refresh(tmp_path, server, NOW + REST + timedelta(hours=1), "NVDA")
    assert (again.stored.n_new, again.stored.n_known, len(server.log)) == (0, 2, 5)
    assert requests(tmp_path) == [("NVDA", "ok", 1), ("GOOGL", "ok", 1), ("NVDA", "ok", 1)]


def test_a_ban_ends_the_row_and_is_recorded_as_unmeasured(tmp_path: Path, server: FakeEdgar) -> None:
    """Whoever is banned asks no more."""
    server.arm(faults.answers(403, fake.TOO_FAST, fake.HTML), "/api/")
    found = refresh(tmp_path, server, NOW, "NVDA", "GOOGL")
    assert [answer.outcome for answer in found.answers] == [Outcome.OK, Outcome.THROTTLED]
    assert requests(tmp_path) == [("NVDA", "throttled", None)]


def test_without_the_map_or_a_contact_nothing_is_asked(tmp_path: Path, server: FakeEdgar) -> None:
    """Both are said in one sentence."""
    with pytest.raises(ConfigurationError, match="sec_contact"):
        refresh(tmp_path, server, NOW, "NVDA", contact=None)
    server.arm(faults.page(500), "/files/")
    with pytest.raises(SourceError, match=r"the SEC's map of tickers at http.*: broken: expected status 200"):
        refresh(tmp_path, server, NOW, "NVDA")
    assert not [request for request in server.log if request.path.startswith("/api/")]


def test_what_is_stored_is_what_the_model_of_shares_reads(tmp_path: Path, server: FakeEdgar, root: Path) -> None:
    """A count of EDGAR stands beside those of the seed, from its day of filing on."""
    refresh(tmp_path, server, NOW, "NVDA", "GOOGL")
    with open_reader(tmp_path / "warehouse.duckdb") as connection:
        names = stored_objects(connection, "edgar_share_counts")
        objects = read_frame(
            connection, "select distinct source, object from raw.batches where source = 'edgar_share_counts'"
        )
        write_table(connection, "raw.inputs", objects)
        set_variables(connection, model_variables(Settings(home=tmp_path), "sample"))
        load_seeds(connection, root / "sql/seeds")
        run_ready(connection, models())
        found = connection.execute(
            "select symbol, filed_date, shares_outstanding from core.share_counts where filed_date > '2024-08-28' "
            "order by symbol"
        ).fetchall()
    assert names == ["GOOGL", "NVDA"]
    assert found == [("GOOGL", date(2024, 10, 30), 12_240.0), ("NVDA", date(2024, 11, 20), 24_490.0)]


def test_a_run_asks_for_counts_only_if_the_settings_say_so(server: FakeEdgar, tmp_path: Path) -> None:
    """By default the seed alone counts; asked for, what fails is a warning and the next run asks again."""
    settings = Settings(home=tmp_path, edgar_base_url=server.base_url, sec_contact=CONTACT, symbols=("NVDA",))
    hosts = Hosts(SetClock(NOW))
    assert share_count_warnings(settings, "r1", NOW, hosts) == ()
    assert not server.log
    asking = settings.model_copy(update={"share_counts": "edgar"})
    server.arm(faults.answers(200, b"<html>Sorry</html>", "text/html"))
    (warning,) = share_count_warnings(asking, "r2", NOW, hosts)
    assert warning.startswith("counts of shares: the SEC's map of tickers at ")
    server.disarm()
    assert share_count_warnings(asking, "r3", NOW, hosts) == ()
    with open_file(settings.warehouse_file, read_only=True) as connection:
        assert stored_objects(connection, "edgar_share_counts") == ["NVDA"]
    with pytest.raises(ConfigurationError, match="sec_contact"):
        share_count_warnings(asking.model_copy(update={"sec_contact": None}), "r4", NOW + 2 * REST, hosts)
