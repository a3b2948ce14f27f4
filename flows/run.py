"""What one run carries from stage to stage: its settings, its name, its clock."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from pipelines.home import SEEDS, SQL
from pipelines.settings import Settings
from warehouse.models import Model, load_models
from warehouse.workspace import open_workspace, reopen_workspace, set_variables


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the pipeline.

    Attributes
    ----------
    started_at : datetime
        The only clock reading that decides anything: every version known by then is read, none later.
    """

    run_id: str
    started_at: datetime
    settings: Settings

    @classmethod
    def start(cls, settings: Settings) -> Run:
        """Return a new run that starts now."""
        now = datetime.now(UTC)
        return cls(f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}", now, settings)

    @property
    def build_file(self) -> Path:
        """Return the scratch database of the run."""
        return self.settings.build_folder / f"{self.run_id}.duckdb"

    @property
    def variables(self) -> dict[str, str | datetime | None]:
        """Return what the SQL models read with ``getvariable``."""
        return model_variables(self.settings, self.settings.source)

    @contextmanager
    def workspace(self, *, new: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the scratch database, a new one or the one the stages before have filled."""
        opener = open_workspace if new else reopen_workspace
        connection = opener(self.build_file, self.settings.warehouse_file)
        try:
            set_variables(connection, self.variables)
            yield connection
        finally:
            connection.close()


def model_variables(settings: Settings, price_source: str) -> dict[str, str | datetime | None]:
    """Return the variables of the SQL models; ``as_of`` far in the future reads the newest versions."""
    return {
        "price_source": price_source,
        "factor_unit": settings.factor_unit,
        "default_exchange": settings.exchange,
        "as_of": datetime(9999, 1, 1, tzinfo=UTC),
    }


def models() -> list[Model]:
    """Return the SQL models in the order they are built."""
    return load_models(SQL)


def seeds_folder() -> Path:
    """Return the folder of the seed files."""
    return SEEDS


def code_version() -> str:
    """Return the version of this package."""
    return version("market-reaction")
