"""When arXiv makes public what was submitted to it.

New papers are announced together at 20:00 New York time, Sunday to Thursday: on a day those that came in by 14:00, on
Sunday those of Thursday 14:00 to Friday 14:00, on Monday those of the weekend. On some days, which arXiv names in
advance, there is no announcement, and what would have come then comes with the next one. These days are neither those
of the stock exchanges nor of the federal government.

A paper that moderators hold is announced later than that. Its identifier tells of it only if it is of a later month,
since identifiers are given at the announcement.

References
----------
arXiv, "Availability of submissions", https://info.arxiv.org/help/availability.html, as it stood in 2023 and 2025.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

NEW_YORK: Final = ZoneInfo("America/New_York")
CLOSES: Final = time(14)
"""Time of day by which a submission must have come in."""

ANNOUNCED: Final = time(20)
"""Time of day of an announcement."""

DEFERRED: Final[dict[int, tuple[date, ...]]] = {
    2023: tuple(
        date(2023, month, day)
        for month, day in ((1, 16), (6, 14), (6, 19), (7, 4), (9, 4), (11, 23), (12, 25), (12, 27))
    ),
    2025: tuple(date(2025, month, day) for month, day in ((1, 1), (1, 20), (6, 19), (7, 6), (9, 1), (11, 27))),
}
"""Days without an announcement, of the years of which arXiv's list is known; that of 2025 says nothing of December."""

_DECEMBER_OPEN: Final = (2025,)
_MONDAY, _THURSDAY, _FRIDAY, _SATURDAY, _SUNDAY = 0, 3, 4, 5, 6
_DAY = timedelta(days=1)


def announced_at(submitted_at: datetime) -> datetime:
    """Return the instant of the announcement that a submission is due for, in UTC.

    In years whose list is not known, the holidays that arXiv has kept and all days around Christmas count as deferred:
    a day too late is no foresight, a day too early is.
    """
    local = submitted_at.astimezone(NEW_YORK)
    closing = local.date() + (_DAY if local.time() >= CLOSES else timedelta())
    while closing.weekday() in (_SATURDAY, _SUNDAY):
        closing += _DAY
    day = closing + 2 * _DAY if closing.weekday() == _FRIDAY else closing
    while day.weekday() in (_FRIDAY, _SATURDAY) or day in deferred_days(day.year):
        day += _DAY
    return datetime.combine(day, ANNOUNCED, NEW_YORK).astimezone(UTC)


@cache
def deferred_days(year: int) -> frozenset[date]:
    """Return the days of a year without an announcement, or those that may be."""
    usual = _usual_days(year)
    if year not in DEFERRED:
        return usual
    if year in _DECEMBER_OPEN:
        return frozenset(DEFERRED[year]) | {day for day in usual if day.month == 12}  # noqa: PLR2004
    return frozenset(DEFERRED[year])


def _usual_days(year: int) -> frozenset[date]:
    """Return the holidays of the known lists in another year: a Friday's or Saturday's is felt on the next Sunday."""
    holidays = [
        date(year, 1, 1),
        _nth(year, 1, _MONDAY, 3),  # Martin Luther King
        date(year, 6, 19),
        date(year, 7, 4),
        _nth(year, 9, _MONDAY, 1),  # Labor Day
        _nth(year, 11, _THURSDAY, 4),  # Thanksgiving
        *(date(year, 12, day) for day in (24, 25, 26, 27, 31)),
    ]
    felt = {
        day + (_SUNDAY - day.weekday()) * _DAY if day.weekday() in (_FRIDAY, _SATURDAY) else day for day in holidays
    }
    observed = {day + _DAY for day in holidays if day.weekday() == _SUNDAY}
    return frozenset(felt | observed)


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + ((weekday - first.weekday()) % 7 + 7 * (nth - 1)) * _DAY
