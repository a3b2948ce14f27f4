"""What one run carries from stage to stage: its settings, its name, its clock."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from pipelines.home import SEEDS, SQL
from pipelines.settings import Settings
from pipelines.sources.web.hosts import HOSTS, Hosts
from warehouse.models import Model, load_models
from warehouse.vintages import NEWEST
from warehouse.workspace import open_workspace, reopen_workspace, set_variables


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the pipeline.

    Attributes
    ----------
    started_at : datetime
        The only clock reading that decides anything.
    as_of : datetime, optional
        Versions that became known later are not read, nothing is fetched, and the marts go to a folder of their own.
    hosts : Hosts
        Limiters, breakers and the clock of whom the run asks over the network.
    """

    run_id: str
    started_at: datetime
    settings: Settings
    as_of: datetime | None = None
    hosts: Hosts = HOSTS

    @classmethod
    def start(cls, settings: Settings, as_of: datetime | None = None, hosts: Hosts = HOSTS) -> Run:
        """Return a new run that starts now, by the clock of the hosts."""
        now = hosts.clock.now()
        return cls(f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}", now, settings, as_of, hosts)

    @property
    def published(self) -> Path:
        """Return the link to the marts that the run publishes."""
        return self.settings.published if self.as_of is None else self.settings.published_as_of(self.as_of)

    @property
    def marts_file(self) -> Path:
        """Return the database that the run publishes."""
        return self.published / self.settings.marts_file.name

    @property
    def build_file(self) -> Path:
        """Return the scratch database of the run."""
        return self.settings.build_folder / f"{self.run_id}.duckdb"

    @property
    def variables(self) -> dict[str, str | datetime | None]:
        """Return what the SQL models read with ``getvariable``."""
        return model_variables(self.settings, self.settings.source, self.as_of)

    @contextmanager
    def workspace(self, *, new: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the scratch database, a new one or the one the stages before have filled."""
        opener = open_workspace if new else reopen_workspace
        connection = opener(self.build_file, self.settings.warehouse_file, self.settings.lock_wait_seconds)
        try:
            set_variables(connection, self.variables)
            yield connection
        finally:
            connection.close()


def model_variables(
    settings: Settings, price_source: str, as_of: datetime | None = None
) -> dict[str, str | datetime | None]:
    """Return the variables of the SQL models; without an instant the newest versions are read."""
    return {
        "price_source": price_source,
        "factor_unit": settings.factor_unit,
        "default_exchange": settings.exchange,
        "as_of": as_of or NEWEST,
        "confounders_listed": str(settings.confounders_listed),
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
