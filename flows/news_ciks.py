"""The filers of our securities, by the SEC's map of tickers: asked for once a week, kept as versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import duckdb
import polars as pl

from flows.inputs import incoming
from flows.live_sources import base_url, manners
from flows.news_sources import followed_symbols
from pipelines.contracts import EDGAR_TICKERS, REQUESTS
from pipelines.settings import Settings
from pipelines.sources.edgar_tickers import OBJECT, EdgarTickers, symbols_by_cik
from pipelines.sources.edgar_web import MANNERS, EdgarAnswer
from pipelines.sources.live import Outcome
from pipelines.sources.web.hosts import HOSTS, Hosts
from warehouse.connection import open_file, transaction
from warehouse.live_record import asked_before
from warehouse.store import append, record_requests
from warehouse.vintages import newest_version

REST: Final = timedelta(days=7)
"""How long the map is fresh enough."""


@dataclass(frozen=True, slots=True)
class Tickers:
    """Our securities by the number of their filer.

    Attributes
    ----------
    failure : tuple or None
        Outcome and reason of a request that brought no map; an older one counts if there is one.
    """

    symbols: Mapping[int, tuple[str, ...]]
    failure: tuple[str, str] | None = None


def refresh_tickers(settings: Settings, run_id: str, now: datetime, hosts: Hosts = HOSTS) -> Tickers:
    """Return the filers of our securities; the map is asked for if the last one is older than a week.

    Raises
    ------
    ConfigurationError
        If there is no contact for the SEC.
    """
    with open_file(settings.warehouse_file, wait_seconds=settings.lock_wait_seconds) as connection:
        asked = asked_before(connection, EDGAR_TICKERS.name)
        stored = newest_version(connection, EDGAR_TICKERS, OBJECT)
    answered = asked.filter(pl.col("symbol") == OBJECT)["answered_at"].max()
    is_fresh = isinstance(answered, datetime) and timedelta() <= now - answered < REST
    if stored is not None and is_fresh:
        return Tickers(_ours(stored.rows, settings))
    answer = ask_tickers(settings, hosts)
    _keep(settings, run_id, answer)
    failure = None if answer.batch is not None else (answer.outcome.value, f"{OBJECT}: {answer.reason}")
    rows = answer.batch.frame if answer.batch is not None else stored.rows if stored is not None else None
    return Tickers({} if rows is None else _ours(rows, settings), failure)


def stored_tickers(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[int, tuple[str, ...]]:
    """Return the filers of our securities by the map that is stored; none without one."""
    stored = newest_version(connection, EDGAR_TICKERS, OBJECT)
    return {} if stored is None else _ours(stored.rows, settings)


def _ours(tickers: pl.DataFrame, settings: Settings) -> dict[int, tuple[str, ...]]:
    followed = set(followed_symbols(settings))
    filers = symbols_by_cik(tickers.filter(pl.col("symbol").is_in(followed)))
    return dict(sorted(filers.items()))


def sec_contact(settings: Settings) -> str | None:
    """Return the contact as requests to the SEC carry it."""
    return None if settings.sec_contact is None else settings.sec_contact.get_secret_value()


def ask_tickers(settings: Settings, hosts: Hosts) -> EdgarAnswer:
    """Ask the SEC for its map of tickers."""
    address = base_url("edgar", settings)
    source = EdgarTickers(sec_contact(settings), address, manners=manners(MANNERS, address), hosts=hosts)
    try:
        return source.fetch()
    finally:
        source.close()


def _keep(settings: Settings, run_id: str, answer: EdgarAnswer) -> None:
    n_rows = answer.batch.frame.height if answer.batch else {Outcome.EMPTY: 0}.get(answer.outcome)
    row = {
        "run_id": run_id,
        "source": EDGAR_TICKERS.name,
        "object": OBJECT,
        "first_date": answer.fetched_at.date(),
        "last_date": answer.fetched_at.date(),
        "outcome": answer.outcome.value,
        "reason": answer.reason or None,
        "url": answer.url,
        "fetched_at": answer.fetched_at,
        "n_rows": n_rows,
    }
    with (
        open_file(settings.warehouse_file, wait_seconds=settings.lock_wait_seconds) as connection,
        transaction(connection),
    ):
        append(connection, [incoming(answer.batch)] if answer.batch is not None else [], run_id)
        record_requests(connection, pl.DataFrame([row], schema=REQUESTS.polars_schema))
