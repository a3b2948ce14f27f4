"""Which options of ``reaction run`` go together; one that would be ignored is refused before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

from flows.cli.words import LiveSource
from pipelines.errors import ConfigurationError
from pipelines.settings import Settings

_OF_LIVE_SOURCES = ("--symbols", "--start", "--compare-with")
_OF_FILES = ("--prices", "--column", "--layout", "--date-format")
_DAYS = ("--start", "--hourly-start")


def refuse_contradictions(settings: Settings, given: Mapping[str, object], as_of: str | None) -> None:
    """Refuse options that contradict each other or would be ignored.

    Parameters
    ----------
    given : mapping
        Values of options by name; what was not given is None, empty or False. Settings of `reaction.toml` and the
        environment are none of them: they are written once, for runs of several kinds.
    as_of : str or None
        Instant as of which the marts are built.

    Raises
    ------
    ConfigurationError
        With the options, and what to do.
    """
    named = [option for option, value in given.items() if value]
    if as_of is not None:
        if named:
            raise ConfigurationError(
                "--as-of reads what the warehouse knew then, asks nobody and reads no files; "
                f"leave out {' and '.join(named)}"
            )
        return
    source = settings.source
    words = get_args(LiveSource)
    if source not in words:
        _refuse(
            named, _OF_LIVE_SOURCES, f"it goes with a live source ({', '.join(words)}), and prices come from {source!r}"
        )
    if source != "files":
        _refuse(named, _OF_FILES, f"it is for --source files, and prices come from {source!r}")
    if given.get("--compare-with") == source:
        raise ConfigurationError(f"--compare-with: expected another source than {source!r}, which prices come from")
    if given.get("--hourly") is False and given.get("--hourly-start"):
        raise ConfigurationError("--no-hourly and --hourly-start contradict each other; give one of them")
    _refuse_future(given)


def refuse_beside_a_demo(
    *, demo_news: bool, demo_live: bool, news: str | None, keep: Path | None, report: bool = False
) -> None:
    """Refuse options that go with a demonstration alone, or that it would ignore."""
    if keep is not None and not demo_news:
        raise ConfigurationError("--keep: expected --demo-news beside it, whose home it keeps; leave it out")
    if news is not None and (demo_news or demo_live):
        raise ConfigurationError("--news: a demonstration asks faked providers alone; leave one of the two out")
    if report and (demo_news or demo_live):
        raise ConfigurationError(
            "--report: a demonstration writes no pages; leave it out, or write those of a home that --keep has left: "
            "REACTION_HOME=... reaction report"
        )


def _refuse(named: list[str], options: tuple[str, ...], why: str) -> None:
    idle = [option for option in named if option in options]
    if idle:
        raise ConfigurationError(f"{', '.join(idle)}: {why}")


def _refuse_future(given: Mapping[str, object]) -> None:
    today = datetime.now(UTC).date()
    for option in _DAYS:
        day = given.get(option)
        if isinstance(day, date) and day > today:
            raise ConfigurationError(f"{option}: expected a day that has begun, got {day}; today is {today}")
