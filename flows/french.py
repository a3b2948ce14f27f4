"""Factors of the French data library: asked for once a week, kept as versions, read from the store in between."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

from flows.inputs import incoming
from flows.live_sources import base_url, manners
from pipelines.contracts import KEN_FRENCH_FACTORS, REQUESTS
from pipelines.errors import ConfigurationError, SourceError
from pipelines.settings import Settings
from pipelines.sources.batch import RawBatch
from pipelines.sources.ken_french_factors import BASE_URL, FILES, MANNERS, FrenchAnswer, FrenchRequest, KenFrenchFactors
from pipelines.sources.live import Outcome
from pipelines.sources.web.hosts import HOSTS, Hosts
from warehouse.connection import open_file
from warehouse.live_record import asked_before
from warehouse.migrations import MIGRATIONS, schema_version
from warehouse.store import Incoming
from warehouse.vintages import newest_version

SOURCE: Final = KEN_FRENCH_FACTORS.name
REST: Final = timedelta(days=7)
"""How long an answer is fresh enough: the library changes about once a month, and asks nobody to hurry."""

FIRST_DAY: Final = date(1926, 7, 1)
"""First day of the library, from which on every file is asked for."""


@dataclass(frozen=True, slots=True)
class French:
    """What a run takes from the library.

    Attributes
    ----------
    batches : tuple of Incoming
        Files that were sent; the store knows whether they are new.
    inputs : tuple of (source, object)
        Data sets that the run reads, from the store if they were not sent.
    warnings : tuple of str
        What could not be asked for, while an older version is there.
    lacking : tuple of str
        What could not be asked for, and is not stored either.
    """

    batches: tuple[Incoming, ...] = ()
    answers: tuple[FrenchAnswer, ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()

    def raise_if_lacking(self) -> None:
        """Stop a run whose studies on factors would be published without them.

        Raises
        ------
        SourceError
            If a data set is neither stored nor sent.
        """
        if self.lacking:
            raise SourceError(
                f"{'; '.join(self.lacking)}. No version of it is stored; run again later, or without "
                "--factors-source ken_french"
            )


def refresh_french(settings: Settings, asked: pl.DataFrame, now: datetime, hosts: Hosts = HOSTS) -> French:
    """Ask for the data sets whose last answer is older than a week.

    Parameters
    ----------
    asked : DataFrame
        What was asked before, as `asked_before` returns it.

    Raises
    ------
    ConfigurationError
        If files of factors were named, too.
    """
    expect_no_own(settings)
    answered: dict[str, datetime | None] = dict(asked.select("symbol", "answered_at").iter_rows())
    answers = ask_french(settings, stale_datasets(answered, now), hosts)
    failed = [answer for answer in answers if answer.outcome not in (Outcome.OK, Outcome.EMPTY)]
    return French(
        batches=tuple(incoming(answer.batch) for answer in answers if answer.batch is not None),
        answers=tuple(answers),
        inputs=tuple((SOURCE, name) for name in FILES),
        warnings=tuple(
            f"{_refusal(answer)}; the version that is stored counts"
            for answer in failed
            if answered.get(answer.request.dataset)
        ),
        lacking=tuple(_refusal(answer) for answer in failed if not answered.get(answer.request.dataset)),
    )


def stale_datasets(answered: Mapping[str, datetime | None], now: datetime) -> dict[str, datetime | None]:
    """Return the data sets whose last answer is older than a week, each with that answer's instant."""
    last = {name: answered.get(name) for name in FILES}
    return {name: instant for name, instant in last.items() if instant is None or now - instant > REST}


def ask_french(settings: Settings, since: Mapping[str, datetime | None], hosts: Hosts = HOSTS) -> list[FrenchAnswer]:
    """Ask for data sets, each with the instant since which it must have changed."""
    address = base_url("ken_french", settings)
    source = KenFrenchFactors(address or BASE_URL, manners=manners(MANNERS, address), hosts=hosts)
    try:
        return [source.fetch(FrenchRequest(name, instant)) for name, instant in since.items()]
    finally:
        source.close()


def french_factors(settings: Settings, names: Collection[str], now: datetime, hosts: Hosts = HOSTS) -> list[RawBatch]:
    """Return the data sets that hold these factors, for a study that keeps nothing.

    What the warehouse has of them and is not older than a week is read from there; the rest is asked for, and where
    that fails the older version counts.

    Raises
    ------
    SourceError
        If a data set is neither stored nor sent.
    ConfigurationError
        If files of factors were named, too.
    """
    expect_no_own(settings)
    stored = _stored(settings, datasets_with(names))
    batches = []
    for name in datasets_with(names):
        known = stored.get(name)
        if known is not None and now - known.answered_at <= REST:
            batches.append(known.batch)
            continue
        (answer,) = ask_french(settings, {name: None}, hosts)
        batch = answer.batch or (known.batch if known else None)
        if batch is None:
            raise SourceError(_refusal(answer))
        batches.append(batch)
    return batches


@dataclass(frozen=True, slots=True)
class _Stored:
    batch: RawBatch
    answered_at: datetime


def _stored(settings: Settings, datasets: Sequence[str]) -> dict[str, _Stored]:
    """Return the newest versions that the warehouse has, each with the instant of the last answer."""
    if not settings.warehouse_file.exists():
        return {}
    with open_file(settings.warehouse_file, read_only=True, wait_seconds=settings.lock_wait_seconds) as connection:
        if schema_version(connection) < len(MIGRATIONS):  # no run of this version has been there yet
            return {}
        answered = dict(asked_before(connection, SOURCE).select("symbol", "answered_at").iter_rows())
        found = {name: newest_version(connection, KEN_FRENCH_FACTORS, name) for name in datasets}
    return {
        name: _Stored(RawBatch(SOURCE, name, version.url, version.rows, version.fetched_at), answered[name])
        for name, version in found.items()
        if version is not None and answered.get(name) is not None
    }


def datasets_with(names: Collection[str]) -> list[str]:
    """Return the data sets that a model with these factors reads; of the two with SMB the one that has all of them."""
    wanted = set(names)
    family = "ff5_daily" if wanted & {"rmw", "cma"} else "ff3_daily"
    return [name for name in (family, "mom_daily") if wanted & set(FILES[name][1])]


def expect_no_own(settings: Settings) -> None:
    """Refuse factor files beside the library: which of two returns of one factor counts would be anybody's guess."""
    if settings.factors:
        raise ConfigurationError(
            "--factors-source ken_french takes the factors from the French data library, and --factors names files "
            "of one's own; give one of them"
        )


def french_requests(run_id: str, answers: Sequence[FrenchAnswer]) -> pl.DataFrame:
    """Return the record of requests: contract ``requests``, a row for each answer."""
    rows = [
        {
            "run_id": run_id,
            "source": SOURCE,
            "object": answer.request.dataset,
            "first_date": FIRST_DAY,
            "last_date": answer.fetched_at.date(),
            "outcome": answer.outcome.value,
            "reason": answer.reason or None,
            "url": answer.url,
            "fetched_at": answer.fetched_at,
            "n_rows": _n_rows(answer),
        }
        for answer in answers
    ]
    return pl.DataFrame(rows, schema=REQUESTS.polars_schema, orient="row")


def _n_rows(answer: FrenchAnswer) -> int | None:
    if answer.batch is not None:
        return answer.batch.frame.height
    return 0 if answer.outcome is Outcome.EMPTY else None


def _refusal(answer: FrenchAnswer) -> str:
    return f"{answer.request.dataset} of the French data library at {answer.url}: {answer.outcome}: {answer.reason}"
