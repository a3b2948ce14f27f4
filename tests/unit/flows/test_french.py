"""The French data library in a run: when it is asked, what a failure costs, and which files a model needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.french import FIRST_DAY, REST, French, datasets_with, french_requests, refresh_french
from pipelines.contracts import REQUESTS
from pipelines.errors import ConfigurationError, SourceError
from pipelines.fake_providers import faults
from pipelines.fake_providers.ken_french import FakeFrench
from pipelines.settings import Settings
from pipelines.sources.live import Outcome
from pipelines.sources.web.clock import SetClock
from pipelines.sources.web.hosts import Hosts
from warehouse.connection import open_file
from warehouse.live_record import asked_before
from warehouse.migrations import migrate
from warehouse.store import append, record_requests

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
ALL = ["ff3_daily", "ff5_daily", "mom_daily"]


@pytest.fixture
def library() -> Iterator[FakeFrench]:
    """Start a fake library."""
    with FakeFrench([date(2026, 5, 1) + timedelta(days=n) for n in range(5)]) as server:
        yield server


class Store:
    """A warehouse that is refreshed at instants of the test's choice."""

    def __init__(self, home: Path, library: FakeFrench) -> None:
        self.settings = Settings(home=home, factors_source="ken_french", ken_french_base_url=library.base_url)

    def refresh(self, at: datetime, **more: Any) -> French:
        """Refresh as a run does, and return what came."""
        with open_file(self.settings.warehouse_file) as connection:
            migrate(connection)
            asked = asked_before(connection, "ken_french_factors")
            settings = self.settings.model_copy(update=more)
            french = refresh_french(settings, asked, at, Hosts(SetClock(at)))
            append(connection, french.batches, f"{at}")
            record_requests(connection, french_requests(f"{at}", french.answers))
        french.raise_if_lacking()
        return french

    def versions(self) -> list[tuple[str, int]]:
        """Return the data sets and the number of their versions."""
        with open_file(self.settings.warehouse_file) as connection:
            query = "select object, count(*) from raw.batches where source = 'ken_french_factors' group by 1 order by 1"
            return connection.execute(query).fetchall()


def test_the_library_is_asked_once_a_week_and_stored_when_it_has_changed(tmp_path: Path, library: FakeFrench) -> None:
    """Within a week nothing is asked; after it, the library says that nothing is new, or sends a version."""
    store = Store(tmp_path, library)
    assert len(store.refresh(NOW).batches) == 3
    assert store.refresh(NOW + REST) == French(inputs=tuple(("ken_french_factors", name) for name in ALL))
    assert len(library.log) == 3
    later = store.refresh(NOW + REST + timedelta(hours=1))
    assert [answer.outcome for answer in later.answers] == [Outcome.EMPTY] * 3
    assert store.versions() == [(name, 1) for name in ALL]
    library.vintage, library.changed_at = "202606 CRSP", NOW + timedelta(days=10)
    assert len(store.refresh(NOW + 3 * REST).batches) == 3
    assert store.versions() == [(name, 2) for name in ALL]


def test_a_failure_is_a_warning_while_an_older_version_is_there(tmp_path: Path, library: FakeFrench) -> None:
    """The run goes on with what is stored, says so, and the next run asks again."""
    store = Store(tmp_path, library)
    store.refresh(NOW)
    library.arm(faults.page(200), times=4)
    failed = store.refresh(NOW + 2 * REST)
    assert [answer.outcome for answer in failed.answers] == [Outcome.BROKEN, Outcome.EMPTY, Outcome.EMPTY]
    (warning,) = failed.warnings
    assert warning.startswith("ff3_daily of the French data library at http://127.0.0.1")
    assert warning.endswith("; the version that is stored counts")
    assert failed.inputs == tuple(("ken_french_factors", name) for name in ALL)
    again = store.refresh(NOW + 2 * REST + timedelta(hours=1))
    assert [answer.request.dataset for answer in again.answers] == ["ff3_daily"]


def test_a_failure_stops_the_run_while_there_is_no_version(tmp_path: Path, library: FakeFrench) -> None:
    """A study on factors would otherwise be published without; the requests stay on record."""
    store = Store(tmp_path, library)
    library.arm(faults.page(200))
    with pytest.raises(SourceError, match=r"ff3_daily of the French data library at .*: broken: expected zip, got"):
        store.refresh(NOW)
    with open_file(store.settings.warehouse_file) as connection:
        outcomes = connection.execute("select object, outcome from raw.requests order by object").fetchall()
    assert outcomes == [("ff3_daily", "broken"), ("ff5_daily", "broken"), ("mom_daily", "throttled")]


def test_own_files_beside_the_library_are_refused(tmp_path: Path, library: FakeFrench) -> None:
    """Which of two returns of one factor counts would be anybody's guess."""
    with pytest.raises(ConfigurationError, match="--factors-source ken_french takes the factors from the French"):
        Store(tmp_path, library).refresh(NOW, factors=(Path("ff3.csv"),))
    assert library.log == []


def test_requests_are_recorded_as_those_for_prices(tmp_path: Path, library: FakeFrench) -> None:
    """What was not measured has no number of rows, and what has not changed has 0."""
    store = Store(tmp_path, library)
    first = french_requests("r", store.refresh(NOW).answers)
    assert first.schema == REQUESTS.polars_schema
    assert first["n_rows"].to_list() == [5 * 4, 5 * 6, 5]
    assert set(first["first_date"]) == {FIRST_DAY}
    library.arm(faults.page(200), times=4)
    second = french_requests("r", store.refresh(NOW + 2 * REST).answers)
    assert second.select("outcome", "n_rows").rows() == [("broken", None), ("empty", 0), ("empty", 0)]
    assert french_requests("r", ()).is_empty()


@pytest.mark.parametrize(
    ("names", "datasets"),
    [
        (("mkt_rf", "smb", "hml", "rf"), ["ff3_daily"]),
        (("mkt_rf", "smb", "hml", "mom", "rf"), ["ff3_daily", "mom_daily"]),
        (("mkt_rf", "smb", "hml", "rmw", "cma", "rf"), ["ff5_daily"]),
        (("rf",), ["ff3_daily"]),
        (("mom",), ["mom_daily"]),
        (("vix",), []),
    ],
)
def test_a_model_needs_the_files_of_one_family(names: tuple[str, ...], datasets: list[str]) -> None:
    """SMB of three factors and SMB of five never come together."""
    assert datasets_with(names) == datasets
