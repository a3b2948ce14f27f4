"""Counts of shares outstanding from EDGAR: asked for once a week, kept as versions, read by every run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

from flows.inputs import incoming
from flows.live_sources import base_url, manners
from flows.news_ciks import ask_tickers, sec_contact
from flows.news_sources import followed_symbols
from pipelines.contracts import EDGAR_SHARE_COUNTS, REQUESTS
from pipelines.errors import SourceError
from pipelines.settings import Settings
from pipelines.sources.edgar_share_counts import EdgarShareCounts, ShareCountsRequest
from pipelines.sources.edgar_tickers import symbols_by_cik
from pipelines.sources.edgar_web import MANNERS, EdgarAnswer
from pipelines.sources.live import Outcome
from pipelines.sources.web.hosts import HOSTS, Hosts
from warehouse.connection import open_file
from warehouse.live_record import asked_before
from warehouse.migrations import migrate
from warehouse.store import StoreResult, append, record_requests

REST: Final = timedelta(days=7)
"""How long an answer is fresh enough: reports are quarterly."""

FIRST_DAY: Final = date(2009, 1, 1)
"""First day of the facts, which begin with the first reports in XBRL."""


@dataclass(frozen=True, slots=True)
class SharesRefreshed:
    """What became of the symbols.

    Attributes
    ----------
    answers : tuple of EdgarAnswer
        Of the map of tickers, then of each filer; what throttles ends the row.
    unknown : tuple of str
        Symbols that the SEC's map does not have.
    """

    stored: StoreResult
    answers: tuple[EdgarAnswer, ...]
    unknown: tuple[str, ...]


def refresh_share_counts(
    settings: Settings, run_id: str, symbols: Iterable[str], now: datetime, hosts: Hosts = HOSTS
) -> SharesRefreshed:
    """Ask for the counts of the symbols whose last answer is older than a week, and store what is new.

    Raises
    ------
    ConfigurationError
        If there is no contact for the SEC.
    SourceError
        If the map of tickers does not come.
    """
    with open_file(settings.warehouse_file, wait_seconds=settings.lock_wait_seconds) as connection:
        migrate(connection)
        asked = asked_before(connection, EDGAR_SHARE_COUNTS.name)
    recent = pl.max_horizontal("answered_at", "refused_at") >= now - REST
    fresh = set(asked.filter(recent)["symbol"])
    wanted = [symbol for symbol in dict.fromkeys(symbols) if symbol not in fresh]
    if not wanted:
        return SharesRefreshed(StoreResult(0, 0, 0), (), ())
    tickers = ask_tickers(settings, hosts)
    ciks = {symbol: cik for cik, names in symbols_by_cik(_frame(tickers)).items() for symbol in names}
    requests = [ShareCountsRequest(ciks[symbol], symbol) for symbol in wanted if symbol in ciks]
    answers = [tickers, *_ask(settings, requests, hosts)]
    with open_file(settings.warehouse_file, wait_seconds=settings.lock_wait_seconds) as connection:
        stored = append(connection, [incoming(one.batch) for one in answers if one.batch is not None], run_id)
        record_requests(connection, _records(run_id, answers[1:]))
    return SharesRefreshed(stored, tuple(answers), tuple(symbol for symbol in wanted if symbol not in ciks))


def share_count_warnings(settings: Settings, run_id: str, now: datetime, hosts: Hosts = HOSTS) -> tuple[str, ...]:
    """Ask for the counts if the settings say so, and return what is lacking, which stops no run.

    Raises
    ------
    ConfigurationError
        If there is no contact for the SEC.
    """
    if settings.share_counts != "edgar":
        return ()
    try:
        done = refresh_share_counts(settings, run_id, followed_symbols(settings), now, hosts)
    except SourceError as error:
        return (f"counts of shares: {error}; those that are stored count",)
    lacking = [one for one in done.answers if one.outcome in (Outcome.THROTTLED, Outcome.BROKEN)]
    if not lacking:
        return ()
    first = lacking[0]
    return (
        f"counts of shares: {len(lacking):,} requests to EDGAR failed, first {first.object}: {first.outcome}: "
        f"{first.reason}; the next run asks again",
    )


def _frame(answer: EdgarAnswer) -> pl.DataFrame:
    if answer.batch is None:
        raise SourceError(f"the SEC's map of tickers at {answer.url}: {answer.outcome}: {answer.reason}")
    return answer.batch.frame


def _ask(settings: Settings, requests: Iterable[ShareCountsRequest], hosts: Hosts) -> list[EdgarAnswer]:
    address = base_url("edgar", settings)
    source = EdgarShareCounts(sec_contact(settings), address, manners=manners(MANNERS, address), hosts=hosts)
    answers: list[EdgarAnswer] = []
    try:
        for request in requests:
            answers.append(source.fetch(request))
            if answers[-1].outcome is Outcome.THROTTLED:
                break
    finally:
        source.close()
    return answers


def _records(run_id: str, answers: Iterable[EdgarAnswer]) -> pl.DataFrame:
    """Return the record of requests: contract ``requests``, a row for each answer."""
    rows = [
        {
            "run_id": run_id,
            "source": EDGAR_SHARE_COUNTS.name,
            "object": answer.object,
            "first_date": FIRST_DAY,
            "last_date": answer.fetched_at.date(),
            "outcome": answer.outcome.value,
            "reason": answer.reason or None,
            "url": answer.url,
            "fetched_at": answer.fetched_at,
            "n_rows": answer.batch.frame.height if answer.batch else {Outcome.EMPTY: 0}.get(answer.outcome),
        }
        for answer in answers
    ]
    return pl.DataFrame(rows, schema=REQUESTS.polars_schema, orient="row")
