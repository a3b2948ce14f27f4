"""Trading sessions of every exchange in use, and the rule that gives an event its day 0.

Importing this package imports neither pandas nor exchange_calendars: both are loaded by the first calendar that needs
them.
"""

from __future__ import annotations

from pipelines.sessions.calendars import ALWAYS_OPEN, EPOCH, Calendars, build_sessions, time_zone
from pipelines.sessions.day0 import OWN_DATES, REQUESTS, resolve_day0
from pipelines.sessions.hours import hours_of, rests_at_midday
from pipelines.sessions.overrides import ACTIONS, OVERRIDES

__all__ = [
    "ACTIONS",
    "ALWAYS_OPEN",
    "EPOCH",
    "OVERRIDES",
    "OWN_DATES",
    "REQUESTS",
    "Calendars",
    "build_sessions",
    "hours_of",
    "resolve_day0",
    "rests_at_midday",
    "time_zone",
]
