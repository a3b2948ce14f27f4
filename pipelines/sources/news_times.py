"""Read the times that sources write, and claim no more than they say.

A text without an explicit zone says which day it is, not which instant: guessing UTC shifts a headline across the open.
Where two readings are possible the later one counts, since news that is dated too early is foresight. Nothing here
knows what time it is now; `available_at` bounds a reading by when the item was seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

_EASTERN: Final = "America/New_York"
_CENTRAL: Final = "America/Chicago"
_MOUNTAIN: Final = "America/Denver"
_PACIFIC: Final = "America/Los_Angeles"
_BRITISH: Final = "Europe/London"
_MIDDLE_EUROPEAN: Final = "Europe/Paris"

ZONES: Final[dict[str, tuple[str, int | None]]] = {
    "ET": (_EASTERN, None),
    "EST": (_EASTERN, -5),
    "EDT": (_EASTERN, -4),
    "CT": (_CENTRAL, None),
    "CST": (_CENTRAL, -6),
    "CDT": (_CENTRAL, -5),
    "MT": (_MOUNTAIN, None),
    "MST": (_MOUNTAIN, -7),
    "MDT": (_MOUNTAIN, -6),
    "PT": (_PACIFIC, None),
    "PST": (_PACIFIC, -8),
    "PDT": (_PACIFIC, -7),
    "BST": (_BRITISH, 1),
    "CET": (_MIDDLE_EUROPEAN, 1),
    "CEST": (_MIDDLE_EUROPEAN, 2),
}
"""Names of zones that are understood: the zone, and the hours from UTC that the name stands for, None for either."""

EARTH_LAGS: Final = timedelta(hours=12)
"""Time after which a day that is over in UTC is over everywhere."""

_UTC_NAMES: Final = ("Z", "UT", "UTC", "GMT")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = r"(?P<hour>\d{1,2}):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,]\d+)?)?\s*(?P<zone>[+-]\d\d:?\d\d|[A-Za-z]+)?"
_ISO = re.compile(rf"(?P<year>\d{{4}})-?(?P<month>\d\d)-?(?P<day>\d\d)(?:[Tt ]\s*{_CLOCK})?", re.ASCII)
_RFC = re.compile(
    rf"(?:[A-Za-z]+\.?,?\s+)?(?P<day>\d{{1,2}})[\s-](?P<month>[A-Za-z]{{3}})[a-z]*[\s-](?P<year>\d{{4}}|\d\d)"
    rf"(?:,?\s+{_CLOCK})?",
    re.ASCII,
)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)
_CENTURY, _LAST_OF_2000 = 100, 49
_LEAP_SECOND = 60


@dataclass(frozen=True, slots=True)
class TimeReading:
    """What a text says of a time.

    Attributes
    ----------
    text : str or None
        As the source wrote it.
    basis : str
        A word of TIME_BASES.
    precision : str or None
        "minute", "hour" or "day"; None if nothing could be read.
    instant : datetime or None
        In UTC; None if the text names only a day.
    day : date or None
        Day on the clock of whoever wrote it.
    """

    text: str | None
    basis: str
    precision: str | None = None
    instant: datetime | None = None
    day: date | None = None

    @property
    def surely_by(self) -> datetime | None:
        """Instant by which the time that is meant had surely come: of a day its end, everywhere if no zone is known."""
        if self.precision == "day":
            if self.instant is not None:
                return self.instant + timedelta(days=1)
            return None if self.day is None else _day_end(self.day)
        return self.instant

    def available_at(self, seen_at: datetime) -> datetime:
        """Return the earliest instant at which the item was surely public: its time, or when it was seen if earlier.

        Stamps that lie ahead of the day on which they were read, such as those of embargoes, say nothing.
        """
        by = self.surely_by
        return seen_at if by is None else min(by, seen_at)


def read_time(text: str | None, *, is_midnight_a_day: bool = True) -> TimeReading:
    """Read an RFC 2822 or ISO 8601 time with an offset or a zone name that is known; else the day, if there is one.

    Parameters
    ----------
    text : str or None
        Of a feed, an Atom document or a JSON field. A bare number is not read: see `read_epoch`.
    is_midnight_a_day : bool
        Whether 00:00:00 means a day without a time. False for a source whose stamps lie on a grid.
    """
    stripped = " ".join((text or "").split())
    if not stripped:
        return TimeReading(text, "none")
    found = _ISO.fullmatch(stripped) or _RFC.fullmatch(stripped)
    day = None if found is None else _day(found)
    if found is None or day is None:
        return TimeReading(text, "unreadable")
    if found["hour"] is None:
        return TimeReading(text, "date", "day", day=day)
    clock = _clock(found)
    read = None if clock is None or found["zone"] is None else _instant(datetime.combine(day, clock), found["zone"])
    if clock is None or read is None:
        return TimeReading(text, "no_zone", "day", day=day)
    instant, basis, precision = read
    if is_midnight_a_day and clock == time(0):
        return TimeReading(text, "midnight", "day", instant, day)
    return TimeReading(text, basis, precision, instant, day)


def read_epoch(seconds: float, text: str | None = None) -> TimeReading:
    """Read seconds since 1970, of a source that documents that its times are such."""
    written = str(seconds) if text is None else text
    try:
        instant = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return TimeReading(written, "unreadable")
    return TimeReading(written, "epoch", "minute", instant, instant.date())


def later_reading(wall_clock: datetime, zone: str) -> tuple[datetime, bool]:
    """Return the instant of a wall clock in a zone, and whether it is the only one.

    Of the hour that comes twice in autumn, and of the one that spring leaves out, the later reading counts.
    """
    local = ZoneInfo(zone)
    first, second = (wall_clock.replace(tzinfo=local, fold=fold).astimezone(UTC) for fold in (0, 1))
    return max(first, second), first == second


def _day_end(day: date) -> datetime:
    """Return the instant at which a day is over everywhere."""
    try:
        return datetime.combine(day + timedelta(days=1), time(), UTC) + EARTH_LAGS
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _day(found: re.Match[str]) -> date | None:
    year, month = int(found["year"]), found["month"]
    if len(found["year"]) == 2:  # noqa: PLR2004
        year += 2000 if year <= _LAST_OF_2000 else 2000 - _CENTURY
    if not month.isdigit() and month.lower() not in _MONTHS:
        return None
    try:
        return date(year, int(month) if month.isdigit() else _MONTHS.index(month.lower()) + 1, int(found["day"]))
    except ValueError:
        return None


def _clock(found: re.Match[str]) -> time | None:
    """Return the time of day; None for one that no clock shows, such as 24:00."""
    second = int(found["second"] or 0)
    try:
        return time(int(found["hour"]), int(found["minute"]), min(second, 59) if second == _LEAP_SECOND else second)
    except ValueError:
        return None


def _instant(wall_clock: datetime, zone: str) -> tuple[datetime, str, str] | None:
    """Return instant, basis and precision of a wall clock in a zone as written; None if the zone is not known."""
    name = zone.upper()
    offset = UTC if name in _UTC_NAMES else _offset(name)
    if offset is not None:
        return _utc(wall_clock, offset), "offset", "minute"
    if name not in ZONES:
        return None
    place, hours = ZONES[name]
    kept, is_only = later_reading(wall_clock, place)
    if hours is None:
        return kept, "zone_name", "minute" if is_only else "hour"
    named = _utc(wall_clock, timezone(timedelta(hours=hours)))
    if named == kept or not is_only:
        return named, "zone_name", "minute"
    return max(named, kept), "zone_name_off_season", "hour"


def _offset(zone: str) -> tzinfo | None:
    found = _OFFSET.fullmatch(zone)
    if found is None:
        return None
    sign, hours, minutes = found.groups()
    size = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-size if sign == "-" else size) if size < timedelta(days=1) else None


def _utc(wall_clock: datetime, zone: tzinfo) -> datetime:
    return wall_clock.replace(tzinfo=zone).astimezone(UTC)
