"""The form of one event, and the words for what does not fit it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from pipelines.sources.event_form import Event, explain

FOO: dict[str, Any] = {
    "id": "foo",
    "title": "A model is released",
    "occurred_at": "2025-01-20T12:19:44Z",
    "precision": "minute",
    "kind": "news",
    "tickers": [{"ticker": "NVDA", "sign": "-"}],
}


def problems(**changes: object) -> str:
    """Return what is said about the event with these fields changed; nothing if it fits."""
    try:
        Event.model_validate(FOO | changes)
    except ValidationError as error:
        return "\n".join(explain(detail) for detail in error.errors(include_url=False))
    return ""


def ticker(name: str, sign: str = "-") -> dict[str, str]:
    """Return an entry of the list of tickers."""
    return {"ticker": name, "sign": sign}


def test_the_least_an_event_needs() -> None:
    """Id, title, instant, precision, kind and one ticker make an event."""
    assert problems() == ""
    for field in FOO:
        with pytest.raises(ValidationError, match=rf"1 validation error for Event\n{field}\n"):
            Event.model_validate({name: value for name, value in FOO.items() if name != field})


def test_instants_with_a_zone_are_taken_as_they_are() -> None:
    """A program may hand over datetime objects; they become UTC."""
    seoul = datetime(2025, 1, 20, 21, 19, 44, tzinfo=timezone(timedelta(hours=9)))
    assert Event.model_validate(FOO | {"occurred_at": seoul}).occurred_at == datetime(
        2025, 1, 20, 12, 19, 44, tzinfo=UTC
    )
    assert Event.model_validate(FOO | {"first_session_us": date(2025, 1, 21)}).first_session_us == date(2025, 1, 21)


def test_instants_without_a_zone_are_refused_as_objects_too() -> None:
    """A naive datetime could be any of 24 hours."""
    naive = datetime(2025, 1, 20, 12)  # noqa: DTZ001 - the point of the test
    assert problems(occurred_at=naive).startswith("occurred_at: expected an instant with a zone such as ")


@pytest.mark.parametrize(
    ("tickers", "message"),
    [
        ([], "tickers: expected a list of at least one {ticker, sign}, got []"),
        (None, "tickers: expected a list of at least one {ticker, sign}, got nothing"),
        ("NVDA", "tickers: expected a list of at least one {ticker, sign}, got 'NVDA'"),
        (["NVDA"], "tickers, entry 1: expected a mapping such as {ticker: NVDA, sign: \"-\"}, got 'NVDA'"),
        ([ticker("NVDA", "up")], 'tickers, entry 1, sign: expected one of "+", "-", "?", got \'up\''),
        ([{"ticker": "NVDA"}], 'tickers, entry 1, sign: expected one of "+", "-", "?", got nothing'),
        ([{"sign": "-"}], "tickers, entry 1, ticker: expected a ticker such as NVDA or 000660.KS, got nothing"),
        ([ticker("NV DA")], "tickers, entry 1, ticker: expected a ticker such as NVDA or 000660.KS, got 'NV DA'"),
        (
            [ticker("NVDA"), ticker("AMD") | {"beta": "1"}],
            "tickers, entry 2, beta: expected only the fields ticker, sign, got another one; remove or rename it",
        ),
    ],
)
def test_bad_tickers_are_named(tickers: object, message: str) -> None:
    """Empty lists, wrong forms and unknown signs each have their message."""
    assert problems(tickers=tickers) == message


def test_a_ticker_stands_once() -> None:
    """A ticker with two signs would be two expectations of one thing."""
    said = problems(tickers=[ticker("NVDA"), ticker("AMD"), ticker("NVDA", "+")])
    assert said.startswith("tickers: expected each ticker once (twice: NVDA), got [{")
    assert said.endswith("...")


@pytest.mark.parametrize("symbol", ["BRK-B", "^GSPC", "000660.KS", "BTC-USD", "EURUSD=X", "M&M.NS", "ES_F", "BF/B"])
def test_symbols_of_all_vendors_are_tickers(symbol: str) -> None:
    """Share classes, indices, pairs and foreign listings are written as the price source writes them."""
    assert problems(tickers=[ticker(symbol)]) == ""


@pytest.mark.parametrize("address", ["javascript:alert(1)", "example.org", "https://a b", "https://a\x1b", "https://"])
def test_an_address_must_be_one_of_the_web(address: str) -> None:
    """Anything but http and https is refused."""
    assert problems(urls=["https://example.org", address]) == (
        f"urls, entry 2: expected an address that starts with https:// or http://, got {address!r}"
    )


def test_what_is_shown_is_never_long() -> None:
    """A page of text in the wrong place is cut."""
    said = problems(kind="x" * 10_000)
    assert said == f"kind: expected one of news, outcome, corporate_action, got '{'x' * 79}..."


def test_an_event_cannot_be_changed() -> None:
    """What was checked stays as it was checked."""
    event = Event.model_validate(FOO)
    with pytest.raises(ValidationError, match="Instance is frozen"):
        event.title = "Another"  # type: ignore[misc]
