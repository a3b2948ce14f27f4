"""When a filing became public: EDGAR's time of acceptance, and the morning after for what came in late.

``acceptanceDateTime`` of the submissions ends in Z and is UTC in some rows and New York's clock in others, even within
one file, and changes from one to the other when a file is rebuilt. The header of the filing itself and its index page
are always New York's clock. What is accepted after 17:30 there is disseminated on the next business day from 06:00.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from pipelines.sources.news_times import later_reading
from pipelines.sources.web.judge import ShapeError

ZONE: Final = "America/New_York"
LAST_OF_THE_DAY: Final = time(17, 30)
"""Time in New York up to which a filing is disseminated on the day of its acceptance."""

FIRST_OF_THE_DAY: Final = time(6, 0)

HEADER_BYTES: Final = 2048
"""Bytes of a filing's text in which its header stands."""

_HEADER = re.compile(rb"<ACCEPTANCE-DATETIME>\s*(\d{14})\b")
_INDEX = re.compile(r"Accepted\s*</div>\s*<div[^>]*>\s*(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\s*<")
_CLAIM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z", re.ASCII)
_JUNETEENTH_SINCE: Final = 2021
_SATURDAY, _SUNDAY = 5, 6


@dataclass(frozen=True, slots=True)
class Acceptance:
    """When EDGAR accepted a filing.

    Attributes
    ----------
    text : str
        As it was written.
    instant : datetime
        In UTC; of two possible instants the later one.
    tz_status : str
        "verified" by the filing's own header or index page, "offset" if the text itself names its offset,
        "unverified" if it is read from the submissions alone.
    """

    text: str
    instant: datetime
    tz_status: str

    @property
    def basis(self) -> str:
        """A word of TIME_BASES."""
        return {"verified": "zone_documented", "offset": "offset"}.get(self.tz_status, "zone_unverified")


def from_header(body: bytes, accession: str) -> Acceptance:
    """Read the header at the beginning of a filing's text."""
    found = _HEADER.search(body)
    if found is None or accession.encode() not in body:
        raise ShapeError(f"expected the header of filing {accession} with ACCEPTANCE-DATETIME, got another text")
    text = found[1].decode()
    return Acceptance(text, _eastern(text, "%Y%m%d%H%M%S"), "verified")


def from_store(text: str) -> Acceptance:
    """Read a time that was stored, as a header or an index page had written it."""
    return Acceptance(text, _eastern(re.sub(r"\D", "", text), "%Y%m%d%H%M%S"), "verified")


def from_index(text: str, accession: str) -> Acceptance:
    """Read the index page of a filing."""
    found = _INDEX.search(text)
    if found is None or accession not in text:
        raise ShapeError(f"expected the index page of filing {accession} with its acceptance, got another page")
    return Acceptance(found[1], _eastern(found[1], "%Y-%m-%d %H:%M:%S"), "verified")


def from_claim(text: str) -> Acceptance:
    """Read ``acceptanceDateTime`` of the submissions as New York's clock, the later of what it may mean."""
    return Acceptance(text, _eastern(_digits(text), "%Y-%m-%dT%H:%M:%S"), "unverified")


def earliest_claim(text: str) -> datetime:
    """Return the earlier of the instants that ``acceptanceDateTime`` may mean: its digits as UTC."""
    return datetime.fromisoformat(_digits(text)).replace(tzinfo=UTC)


def disseminated_at(accepted_at: datetime, filing_date: date | None) -> datetime:
    """Return the instant at which a filing that was accepted then was surely public.

    Parameters
    ----------
    accepted_at : datetime
        With a zone.
    filing_date : date or None
        As EDGAR states it: of a late filing the next business day by EDGAR's own count, which knows of closures and
        of open holidays that no rule does.
    """
    local = accepted_at.astimezone(ZoneInfo(ZONE))
    is_open = is_business_day(local.date()) or filing_date == local.date()
    if is_open and local.time() <= LAST_OF_THE_DAY:
        if local.time() >= FIRST_OF_THE_DAY:
            return accepted_at
        return _morning(local.date())
    following = next_business_day(local.date())
    return _morning(max(following, filing_date) if filing_date is not None else following)


def next_business_day(day: date) -> date:
    """Return the next day on which EDGAR takes filings by the calendar of the US government."""
    following = day + timedelta(days=1)
    while not is_business_day(following):
        following += timedelta(days=1)
    return following


def is_business_day(day: date) -> bool:
    """Return whether a day is neither of a weekend nor a federal holiday."""
    return day.weekday() < _SATURDAY and day not in federal_holidays(day.year)


@cache
def federal_holidays(year: int) -> frozenset[date]:
    """Return the federal holidays of a year as they are observed (5 U.S.C. 6103); closures by order are no part."""
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25), date(year + 1, 1, 1)]
    if year >= _JUNETEENTH_SINCE:
        fixed.append(date(year, 6, 19))
    moving = [
        _nth(year, 1, 0, 3),  # Martin Luther King
        _nth(year, 2, 0, 3),  # Washington
        _nth(year, 6, 0, 1) - timedelta(days=7),  # Memorial Day, the last Monday of May
        _nth(year, 9, 0, 1),  # Labor Day
        _nth(year, 10, 0, 2),  # Columbus
        _nth(year, 11, 3, 4),  # Thanksgiving
    ]
    return frozenset(day for day in (*map(_observed, fixed), *moving) if day.year == year)


def _observed(day: date) -> date:
    shift = {_SATURDAY: -1, _SUNDAY: 1}.get(day.weekday(), 0)
    return day + timedelta(days=shift)


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    """Return the n-th Monday (0) ... Sunday (6) of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _morning(day: date) -> datetime:
    return later_reading(datetime.combine(day, FIRST_OF_THE_DAY), ZONE)[0]


def _eastern(text: str, form: str) -> datetime:
    try:
        wall_clock = datetime.strptime(text, form)  # noqa: DTZ007
    except ValueError as error:
        raise ShapeError(f"expected a time of acceptance such as 2025-11-19 16:20:44, got {text!r:.40}") from error
    return later_reading(wall_clock, ZONE)[0]


def _digits(text: str) -> str:
    found = _CLAIM.fullmatch(text)
    if found is None:
        raise ShapeError(f"expected an acceptanceDateTime such as 2025-11-19T21:20:44.000Z, got {text!r:.40}")
    return found[1]
