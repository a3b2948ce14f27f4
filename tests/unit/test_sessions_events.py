"""Day 0 against an event catalogue whose first sessions were worked out elsewhere."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from pipelines.sessions import OVERRIDES, OWN_DATES, REQUESTS, build_sessions, resolve_day0


@pytest.fixture(scope="module")
def catalogue(shared: Path) -> list[dict[str, Any]]:
    """Return the catalogue; a note that starts with a backtick is quoted, which the file omits."""
    text = (shared / "events.yaml").read_text(encoding="utf-8")
    quoted = re.sub(r"^(\s+note: )(`.*)$", lambda found: found[1] + json.dumps(found[2]), text, flags=re.MULTILINE)
    events: list[dict[str, Any]] = yaml.safe_load(quoted)
    return events


def instant(text: str) -> datetime:
    """Read an instant of the catalogue."""
    return datetime.fromisoformat(text).astimezone(UTC)


def resolved(
    events: list[dict[str, Any]], bounds: list[tuple[datetime, datetime]]
) -> dict[str, tuple[date, date, str]]:
    """Return New York's day 0, the one the catalogue gives, and the rule, by event."""
    rows = [
        (event["id"], "ABC", "XNYS", event["kind"], at, by, at.date() if event["kind"] == "outcome" else None)
        for event, (at, by) in zip(events, bounds, strict=True)
    ]
    asked = pl.DataFrame(rows, schema=REQUESTS.polars_schema, orient="row")
    sessions = build_sessions(["XNYS"], date(2012, 1, 1), date(2026, 12, 31), OVERRIDES.empty()).sessions
    answer = resolve_day0(asked, sessions, OWN_DATES.empty())
    given = [date.fromisoformat(str(event["first_session"])) for event in events]
    return {
        name: (day0, first, rule)
        for name, day0, rule, first in zip(
            answer["event_id"], answer["event_session"], answer["day0_rule"], given, strict=True
        )
    }


def test_events_known_to_the_hour_have_the_catalogues_first_session(catalogue: list[dict[str, Any]]) -> None:
    """Every event known to the minute or hour has the day 0 the catalogue gives; the outcome names its own session."""
    events = [event for event in catalogue if event["precision"] in {"minute", "hour"}]
    instants = [instant(event.get("public_from") or event["occurred_at"]) for event in events]
    answer = resolved(events, [(at, at) for at in instants])
    assert len(answer) >= 45
    assert {name: (day0, first) for name, (day0, first, _) in answer.items() if day0 != first} == {}


def test_events_known_to_the_day_have_the_catalogues_conservative_session(catalogue: list[dict[str, Any]]) -> None:
    """Events known to a New York day go to the next session; only a day of Shanghai's ends within New York's."""
    events = [event for event in catalogue if event.get("first_session_basis") == "conservative"]
    answer = resolved(events, [(instant(event["utc_window"][0]), instant(event["utc_window"][1])) for event in events])
    assert len(answer) >= 25
    differing = {name: row for name, row in answer.items() if row[0] != row[1]}
    assert differing == {"deepseek-app-launch": (date(2025, 1, 10), date(2025, 1, 13), "in_session")}
