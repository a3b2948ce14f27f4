"""The form of one event of the catalogue, and what to say about a field that does not fit it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from pipelines.contracts.vocabulary import CANDIDATE_RULES, EVENT_KINDS, EVENT_THEMES, PRECISIONS, SIGNS, VERIFIED

_INSTANT = re.compile(r"(19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DATE = re.compile(r"(19|20)\d\d-\d\d-\d\d", re.ASCII)
ID = re.compile(r"[a-z0-9-]+")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_SYMBOL = re.compile(r"[A-Za-z0-9.^=&_/-]{1,32}")
# Control characters, line and paragraph separators, and the marks that reorder text on a screen.
_HIDDEN_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
_REORDERING = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# A wider bound than this is a slip of the pen: no study can use an event that is only known to the week.
_WIDEST_BOUND = timedelta(days=7)
_LONGEST_SHOWN = 80
_TEXT = "one line of printable text"
_AN_INSTANT = "an instant with a zone such as 2025-01-20T12:19:44Z"
_A_DATE = "a date such as 2025-01-27"
_EXPECTED = {
    "id": "lower-case letters, digits and hyphens such as deepseek-r1-release",
    "title": _TEXT,
    "occurred_at": _AN_INSTANT,
    "precision": f"one of {', '.join(PRECISIONS)}",
    "available_at": _AN_INSTANT,
    "available_by": _AN_INSTANT,
    "event_date": _A_DATE,
    "kind": f"one of {', '.join(EVENT_KINDS)}",
    "theme": f"one of {', '.join(EVENT_THEMES)}",
    "time_basis": _TEXT,
    "tickers": "a list of at least one {ticker, sign}",
    "tickers[]": 'a mapping such as {ticker: NVDA, sign: "-"}',
    "ticker": "a ticker such as NVDA or 000660.KS",
    "sign": f"one of {', '.join(json.dumps(sign) for sign in SIGNS)}",
    "urls": "a list of addresses that start with https:// or http://",
    "urls[]": "an address that starts with https:// or http://",
    "verified": f"one of {', '.join(VERIFIED)}",
    "first_session_us": _A_DATE,
    "provenance": "the mapping that `reaction events promote` writes",
    "note": _TEXT,
    "candidate": "the candidate's id such as edgar:0001045810-25-000023",
    "facts": "the fingerprint that `reaction events candidates --json` shows",
    "rule": f"one of {', '.join(CANDIDATE_RULES)}",
    "news": "a list of at least one id of a news item",
    "news[]": _TEXT,
    "reason": _TEXT,
    "decided_by": _TEXT,
    "decided_at": _AN_INSTANT,
}


def _instant(value: object) -> datetime:
    """Read an instant; one without a zone could be any of 24 hours and is refused."""
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError
    return value.astimezone(UTC)


def _date(value: object) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        return date.fromisoformat(value)
    if type(value) is not date:
        raise ValueError
    return value


def _printable(text: str) -> str:
    hidden = any(unicodedata.category(mark) in _HIDDEN_CATEGORIES or mark in _REORDERING for mark in text)
    if hidden or not text.strip():
        raise ValueError
    return text


def _pattern(pattern: re.Pattern[str]) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError
        return text

    return AfterValidator(check)


def _word(words: Sequence[str]) -> AfterValidator:
    def check(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return AfterValidator(check)


Line = Annotated[str, AfterValidator(_printable)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Day = Annotated[date, BeforeValidator(_date)]
Address = Annotated[str, _pattern(_ADDRESS), AfterValidator(_printable)]


def _refuse(expected: str) -> PydanticCustomError:
    """Return the error of a field whose value contradicts another field."""
    return PydanticCustomError("contradiction", "{expected}", {"expected": expected})


class Ticker(BaseModel):
    """A security the event should move, and the direction expected before the fact."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    ticker: Annotated[str, _pattern(_SYMBOL)]
    sign: Annotated[str, _word(SIGNS)]


class Provenance(BaseModel):
    """Which candidate of the news an event was made of, by whom and when."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    candidate: Line
    facts: Line
    rule: Annotated[str, _word(tuple(CANDIDATE_RULES))]
    news: Annotated[list[Line], Field(min_length=1)]
    decided_by: Line
    decided_at: Instant


class Rejection(BaseModel):
    """A candidate that is no event, as the file of rejections writes it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    candidate: Line
    title: Line
    facts: Line
    reason: Line
    decided_by: Line
    decided_at: Instant


class Event(BaseModel):
    """One event of the catalogue, as its file writes it.

    Attributes
    ----------
    occurred_at : datetime
        When the source says it happened. With precision ``day`` the clock part means nothing.
    available_at : datetime or None
        Earliest instant at which anybody could read it, where that differs from ``occurred_at``.
    available_by : datetime or None
        Latest instant at which it was surely public; needed with precision ``day``.
    event_date : date or None
        Session an outcome happened in; for no other kind.
    first_session_us : date or None
        First New York session whose close can hold the news, as the curator sees it; a cross-check, never an input.
    provenance : Provenance or None
        Where a promoted candidate comes from; no other event has it.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, validate_default=True)

    id: Annotated[str, _pattern(ID)]
    title: Line
    kind: Annotated[str, _word(tuple(EVENT_KINDS))]
    theme: Annotated[str, _word(EVENT_THEMES)] | None = None
    precision: Annotated[str, _word(PRECISIONS)]
    occurred_at: Instant
    available_at: Instant | None = None
    available_by: Instant | None = None
    event_date: Day | None = None
    time_basis: Line | None = None
    tickers: Annotated[list[Ticker], Field(min_length=1)]
    urls: list[Address] | None = None
    verified: Annotated[str, _word(VERIFIED)] | None = None
    first_session_us: Day | None = None
    note: Line | None = None
    provenance: Provenance | None = None

    @property
    def public_from(self) -> datetime:
        """Earliest instant at which anybody could read it."""
        return self.available_at or self.occurred_at

    @property
    def public_by(self) -> datetime:
        """Latest instant at which it was surely public."""
        return self.available_by or self.public_from

    @field_validator("available_at")
    @classmethod
    def _not_before_it_happened(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        occurred = info.data.get("occurred_at")
        timed_news = info.data.get("kind") == "news" and info.data.get("precision") in ("minute", "hour")
        if value and occurred and timed_news and value < occurred:
            raise _refuse(f"an instant not before occurred_at ({_stamp(occurred)}): news is not read before it happens")
        return value

    @field_validator("available_by")
    @classmethod
    def _bounds_the_instant(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        if value is None and info.data.get("precision") == "day" and info.data.get("kind") != "outcome":
            raise _refuse("the instant by which it was surely public, since precision is day")
        earliest = info.data.get("available_at") or info.data.get("occurred_at")
        if value and earliest and value < earliest:
            raise _refuse(f"an instant not before available_at ({_stamp(earliest)})")
        if value and earliest and value - earliest > _WIDEST_BOUND:
            raise _refuse(f"an instant at most {_WIDEST_BOUND.days} days after available_at ({_stamp(earliest)})")
        return value

    @field_validator("event_date")
    @classmethod
    def _belongs_to_an_outcome(cls, value: date | None, info: ValidationInfo) -> date | None:
        kind = info.data.get("kind")
        if value is None and kind == "outcome":
            raise _refuse("the session it happened in, since kind is outcome")
        if value is not None and kind in EVENT_KINDS and kind != "outcome":
            raise _refuse(f"no event_date, since kind is {kind}: only an outcome names its session")
        occurred = info.data.get("occurred_at")
        if value and occurred and abs(value - occurred.date()) > timedelta(days=1):
            raise _refuse(f"a date within a day of occurred_at ({_stamp(occurred)})")
        return value

    @field_validator("tickers")
    @classmethod
    def _each_ticker_once(cls, value: list[Ticker]) -> list[Ticker]:
        names = [ticker.ticker for ticker in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise _refuse(f"each ticker once (twice: {', '.join(twice)})")
        return value


_FORMS: dict[int | str, type[BaseModel]] = {"tickers": Ticker, "provenance": Provenance}


def explain(detail: ErrorDetails, form: type[BaseModel] = Event) -> str:
    """Turn one of pydantic's errors into a line of ours: field, what was expected, what was got."""
    place = detail["loc"]
    if not place:
        return f"expected the fields of an event, got {_shown(detail['input'])}"
    field = ", ".join(f"entry {part + 1}" if isinstance(part, int) else _name(part) for part in place)
    if detail["type"] == "extra_forbidden":
        known = _FORMS.get(place[0], form).model_fields
        names = ", ".join(name for name in _EXPECTED if name in known)
        return f"{field}: expected only the fields {names}, got another one; remove or rename it"
    name = str(place[-1] if isinstance(place[-1], str) else f"{place[-2]}[]")
    expected = detail.get("ctx", {}).get("expected") or _EXPECTED[name]
    got = _shown(None if detail["type"] == "missing" else detail["input"])
    return f"{field}: expected {expected}, got {got}"


def _name(field: str) -> str:
    """Return the name of a field; one with control characters in it is shown escaped."""
    return field if field.isprintable() else ascii(field)


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, datetime):
        return _stamp(value)
    text = str(value) if isinstance(value, date) else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _stamp(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
