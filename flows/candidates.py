"""Candidate events: list what the last run proposed, promote one to an event of the user's, reject another.

A decision is a block at the end of a file in the home: an event with its provenance in ``events/promoted.yaml``, a
rejection in ``events/rejected.yaml``. The next run reads both, so that a promoted event is studied like any other and
a rejected candidate stays away until its facts change; the raw layer keeps every version of both files.
"""

from __future__ import annotations

import json
import re
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import yaml

from flows.inputs import event_catalogues
from pipelines.contracts import FCT_EVENT_CANDIDATES
from pipelines.contracts.vocabulary import SIGNS
from pipelines.errors import CatalogueError, ConfigurationError
from pipelines.settings import Settings
from pipelines.sources import candidate_decisions, catalogue_events
from warehouse.lease import lease
from warehouse.query import run_query

PROMOTED_HEAD: Final = (
    "# Candidates that `reaction events promote` made events, in the catalogue's form with their provenance.\n"
    "# Every run reads this file. Correct a block as you like; take it out, and the candidate is one again.\n"
)
REJECTED_HEAD: Final = (
    "# Candidates that `reaction events reject` turned down. One comes back when its facts change, or when its block\n"
    "# is taken out.\n"
)
LONGEST_ID: Final = 60
WIDEST_DAY: Final = timedelta(days=7)
"""Time between a day and the instant at which its event was surely public beyond which the second alone counts."""

END_OF_DAY: Final = timedelta(hours=29) - timedelta(seconds=1)
"""From midnight of UTC to the end of that day in New York, at the latest."""

Candidate = dict[str, Any]
"""A row of fct_event_candidates; its lists are lists."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """How a candidate becomes an event; what is None is taken from the candidate.

    Attributes
    ----------
    signs : mapping of str to str
        Direction expected of each security; securities of the candidate that are not here have "?".
    is_repeated : bool
        Whether to promote a candidate that an event tells already.
    """

    decided_by: str
    title: str | None = None
    event_id: str | None = None
    theme: str | None = None
    note: str | None = None
    signs: Mapping[str, str] | None = None
    is_repeated: bool = False


def read_candidates(
    settings: Settings, since: date | None = None, statuses: Sequence[str] = ("candidate",)
) -> list[Candidate]:
    """Return the candidates of the published marts, the newest first, with what was decided since.

    Parameters
    ----------
    since : date, optional
        Only what could be read on this day of UTC or later.
    statuses : sequence of str
        Words of CANDIDATE_STATUSES; empty for all.

    Raises
    ------
    NothingPublishedError
        If no run has published yet.
    """
    columns = ", ".join(FCT_EVENT_CANDIDATES.names)
    query = f"select {columns} from {FCT_EVENT_CANDIDATES.name} order by available_at desc, candidate_id"
    result = run_query(settings.marts_file, query)
    rows = [_row(dict(zip(result.columns, row, strict=True))) for row in result.rows]
    decided = candidate_decisions.decisions(settings.promoted_file, settings.rejected_file)
    found = [_with_decision(row, [one for one in decided if one.candidate_id == row["candidate_id"]]) for row in rows]
    return [
        row
        for row in found
        if (since is None or row["available_at"].date() >= since) and (not statuses or row["status"] in statuses)
    ]


def _row(row: Candidate) -> Candidate:
    instants = {name: value.astimezone(UTC) for name, value in row.items() if isinstance(value, datetime)}
    return {**row, **instants, **{name: json.loads(row[name]) for name in ("symbols", "news_ids")}}


def _with_decision(row: Candidate, decided: Sequence[candidate_decisions.Decision]) -> Candidate:
    """Return the row with the decision that counts now, by the rule of ``sql/marts/fct_event_candidates.sql``."""
    was_decided = row["decided_at"] is not None
    base = {"decided_by": None, "decided_at": None, "event_id": None, "reason": None, "status": "candidate"}
    plain = {**row, **base} if was_decided else row
    promoted = [one for one in decided if one.decision == "promoted"]
    counts = promoted or [one for one in decided if one.facts == row["facts"]]
    if not counts:
        return plain
    newest = max(counts, key=lambda one: one.decided_at)
    names = ("event_id", "reason", "decided_by", "decided_at")
    return {**row, "status": newest.decision, **{name: getattr(newest, name) for name in names}}


def promote(settings: Settings, candidate_id: str, promotion: Promotion, now: datetime) -> str:
    """Append a candidate to the promoted events and return the id of its event.

    Raises
    ------
    CatalogueError
        If there is no such candidate, it is an event already, or the event would not be valid.
    """
    with _deciding(settings, now):
        row = _find(settings, candidate_id)
        if row["status"] == "promoted":
            raise CatalogueError(
                f"candidate {candidate_id} was promoted to event {row['event_id']} by {row['decided_by']} on "
                f"{row['decided_at']:%Y-%m-%d} already; edit its block in {settings.promoted_file}"
            )
        if row["status"] == "linked" and not promotion.is_repeated:
            raise CatalogueError(
                f"event {row['event_id']} tells candidate {candidate_id} already ({row['reason']}); "
                "if they are two, promote it with --repeated"
            )
        entry = _event(row, promotion, now)
        text = _appended(settings.promoted_file, PROMOTED_HEAD, entry)
        _expect_valid(settings, text)
        _replace(settings.promoted_file, text)
    return str(entry["id"])


def reject(settings: Settings, candidate_id: str, reason: str, decided_by: str, now: datetime) -> bool:
    """Append a candidate to the rejected ones; return False if it stands there with the same facts already.

    Raises
    ------
    CatalogueError
        If there is no such candidate, or it is an event.
    """
    why = _one_line(reason)
    if not why:
        raise ConfigurationError('--reason: expected why it is no event, such as "no news in it", got nothing')
    with _deciding(settings, now):
        row = _find(settings, candidate_id)
        if row["status"] == "promoted":
            raise CatalogueError(
                f"candidate {candidate_id} is event {row['event_id']}; take its block out of "
                f"{settings.promoted_file} first"
            )
        if row["status"] == "rejected":
            return False
        entry = {
            "candidate": candidate_id,
            "title": _one_line(row["title"]),
            "facts": row["facts"],
            "reason": why,
            "decided_by": decided_by,
            "decided_at": _stamp(now),
        }
        _replace(settings.rejected_file, _appended(settings.rejected_file, REJECTED_HEAD, entry))
    return True


def parse_signs(texts: Sequence[str]) -> dict[str, str]:
    """Read ``NVDA=+`` and the like.

    Raises
    ------
    ConfigurationError
        If a text is not a security, an equals sign and one of the signs.
    """
    signs: dict[str, str] = {}
    for text in texts:
        symbol, _, sign = text.rpartition("=")
        if not symbol or sign not in SIGNS:
            words = " ".join(SIGNS)
            raise ConfigurationError(f"--sign: expected a security and one of {words}, as NVDA=+, got {text!r}")
        signs[symbol] = sign
    return signs


def _deciding(settings: Settings, now: datetime) -> AbstractContextManager[None]:
    """Let one decision be made at a time."""
    return lease(settings.promoted_file.with_name("decisions.lock"), now=now, what="a decision about a candidate")


def _find(settings: Settings, candidate_id: str) -> Candidate:
    rows = {row["candidate_id"]: row for row in read_candidates(settings, statuses=())}
    if candidate_id not in rows:
        near = get_close_matches(candidate_id, rows, n=3, cutoff=0.4)
        hint = f"did you mean {', '.join(near)}?" if near else "`reaction events candidates --all` shows all"
        raise CatalogueError(f"there is no candidate {candidate_id!r}; {hint}")
    return rows[candidate_id]


def _event(row: Candidate, promotion: Promotion, now: datetime) -> dict[str, Any]:
    """Return the event as its file writes it."""
    signs = dict.fromkeys(row["symbols"], "?") | dict(promotion.signs or {})
    if not signs:
        raise CatalogueError(
            f"candidate {row['candidate_id']} names no security; say which it should move, as in --sign NVDA=+"
        )
    title = _one_line(promotion.title or row["title"])
    theme = promotion.theme or row["theme"]
    return {
        "id": promotion.event_id or _slug(title, row["available_at"]),
        "title": title,
        **_clocks(row),
        "kind": "news",
        **({"theme": theme} if theme else {}),
        "time_basis": f"news ({row['rule']})",
        "tickers": [{"ticker": symbol, "sign": sign} for symbol, sign in sorted(signs.items())],
        "urls": [row["url"]],
        **({"note": _one_line(promotion.note)} if promotion.note else {}),
        "provenance": {
            "candidate": row["candidate_id"],
            "facts": row["facts"],
            "rule": row["rule"],
            "news": row["news_ids"],
            "decided_by": promotion.decided_by,
            "decided_at": _stamp(now),
        },
    }


def _clocks(row: Candidate) -> dict[str, str]:
    """Return when it happened and from when to when it became public, by the precision that its time has."""
    available = row["available_at"]
    occurred = min(row["occurred_at"] or available, available)
    precision = row["precision"] or "day"
    if precision != "day":
        later = {} if occurred == available else {"available_at": _stamp(available)}
        return {"occurred_at": _stamp(occurred), "precision": precision, **later}
    if available - occurred > WIDEST_DAY:
        occurred = available
    public_by = available + END_OF_DAY if row["kind"] == "results_date" else available
    return {
        "occurred_at": _stamp(occurred),
        "precision": precision,
        "available_at": _stamp(occurred),
        "available_by": _stamp(public_by),
    }


def _slug(title: str, instant: datetime) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    kept = ""
    for word in words:
        if len(kept) + len(word) > LONGEST_ID:
            break
        kept += f"{word}-"
    return f"{kept}{instant:%Y-%m-%d}"


def _one_line(text: str) -> str:
    """Return text from outside without what a line of an event file may not hold."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _appended(file: Path, head: str, entry: Mapping[str, Any]) -> str:
    before = file.read_text(encoding="utf-8").rstrip("\n") + "\n" if file.exists() else head
    block = yaml.safe_dump([dict(entry)], sort_keys=False, allow_unicode=True, width=2**20)
    return f"{before}\n{block}"


def _expect_valid(settings: Settings, text: str) -> None:
    """Hold the file as it would be to the rules of the catalogue, beside every other event file."""
    others = [path for path in event_catalogues(settings) if path != settings.promoted_file]
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / settings.promoted_file.name
        draft.write_text(text, encoding="utf-8")
        problems = [line.removeprefix(f"{draft}: ") for line in catalogue_events.check_events([*others, draft])]
    if problems:
        raise CatalogueError(
            "the event would not be valid; nothing was written. Say it with --title, --event-id, --theme or --sign:\n  "
            + "\n  ".join(problems)
        )


def _replace(file: Path, text: str) -> None:
    """Write a file in one step, so that no run ever reads half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)
