"""Answers are judged by status, content type, first byte, parse and schema, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pytest

from pipelines.fake_providers.faults import HTML
from pipelines.sources.live import Outcome
from pipelines.sources.web.judge import Expected, ShapeError, Verdict, judge, parsed, unchanged

JSON, CSV = Expected("json"), Expected("csv")


def judged(body: bytes, status: int = 200, content_type: str = "", expected: Expected = JSON) -> tuple[str, bool]:
    """Return the outcome, and whether to ask again."""
    verdict = judge(status, {"content-type": content_type}, body, expected)
    assert bool(verdict.reason) == (verdict.outcome is not Outcome.OK)
    return verdict.outcome.value, verdict.may_retry


@pytest.mark.parametrize(
    ("status", "outcome", "may_retry"),
    [
        (204, "broken", False),
        (301, "broken", False),
        (302, "broken", False),
        (304, "broken", False),
        (400, "refused", False),
        (401, "refused", False),
        (403, "refused", False),
        (404, "refused", False),
        (408, "broken", True),
        (410, "refused", False),
        (422, "refused", False),
        (425, "broken", True),
        (429, "throttled", True),
        (451, "refused", False),
        (500, "broken", True),
        (502, "broken", True),
        (503, "broken", True),
        (999, "broken", True),
    ],
)
def test_a_status_that_is_not_200_decides(status: int, outcome: str, may_retry: bool) -> None:
    """Whatever the body says."""
    assert judged(b"{}", status, "application/json") == (outcome, may_retry)
    assert judged(HTML, status, "text/html") == (outcome, may_retry)


def test_a_ban_is_a_throttle_that_is_not_tried_again() -> None:
    """Binance bans with 418."""
    assert judged(b"{}", 418, expected=Expected("json", bans=frozenset({418}))) == ("throttled", False)
    assert judged(b"{}", 418) == ("refused", False)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "text/plain", "", "application/hal+json"])
def test_json_is_taken_under_the_names_that_providers_give_it(content_type: str) -> None:
    """Also with none, a byte order mark, and blanks before it."""
    assert judged(b"\xef\xbb\xbf \r\n {}", 200, content_type) == ("ok", False)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{}", "text/html"),
        (b"{}", "image/png"),
        (b"{}", "text/csv"),
        (HTML, "application/json"),
        (HTML, "text/html"),
        (b"  \n" + HTML, ""),
        (b"Too Many Requests\r\n", "text/plain"),
        (b"", "application/json"),
        (b" \r\n", "application/json"),
        (b"null", "application/json"),
        (b'{"a": [1, 2', "application/json"),
        (b'{"a": "\xff"}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"[]{}", "application/json"),
    ],
)
def test_fault_26_a_200_that_holds_no_json_is_broken(body: bytes, content_type: str) -> None:
    """It is a failure to be repeated, and never "there is nothing"."""
    assert judged(body, 200, content_type) == ("broken", True)


@pytest.mark.parametrize("body", [HTML, b'{"error": 1}', b"[]", b"", b"a,b\n\xff,1"])
def test_fault_26_a_200_that_holds_no_csv_is_broken(body: bytes) -> None:
    """HTML, JSON, nothing, or another encoding."""
    assert judged(body, 200, "text/csv", CSV) == ("broken", True)


@pytest.mark.parametrize("content_type", ["text/csv; charset=utf-8", "application/csv", "text/plain"])
def test_csv_is_taken_as_text(content_type: str) -> None:
    """Its byte order mark is left out."""
    verdict = judge(200, {"content-type": content_type}, b"\xef\xbb\xbfa,b\r\n1,2\r\n", CSV)
    assert (verdict.outcome, verdict.data) == (Outcome.OK, "a,b\r\n1,2\r\n")


@pytest.mark.parametrize("form", ["json", "csv"])
def test_fault_41_the_shape_has_the_last_word(form: Literal["json", "csv"]) -> None:
    """What is said of it is the reason; that reading stumbles is one too."""

    def refuses(_: Any) -> Any:
        raise ShapeError("expected rows")

    def stumbles(data: Any) -> str:
        return str(data["rows"][0]["close"])

    body = b'{"rows": null}' if form == "json" else b"a,b"
    told = judge(200, {}, body, Expected(form, read=refuses))
    assert (told.outcome, told.reason, told.data, told.may_retry) == (Outcome.BROKEN, "expected rows", None, True)
    assert "expected another shape, got" in judge(200, {}, body, Expected(form, read=stumbles)).reason
    assert judge(200, {}, body, Expected(form, read=len)).data in {1, 3}


def test_the_reason_shows_the_beginning_of_the_body() -> None:
    """On one line, and not much of it."""
    reason = judge(200, {"content-type": "text/html"}, HTML + bytes(10_000), JSON).reason
    assert "Will be right back" in reason
    assert len(reason) < 200
    assert "\n" not in reason


def test_a_redirect_says_where_it_leads() -> None:
    """To a page of consent, mostly."""
    reason = judge(302, {"location": "https://consent.example.test/collect"}, HTML, JSON).reason
    assert "redirect 302 to https://consent.example.test/collect" in reason


def test_the_json_of_a_refusal_can_be_read() -> None:
    """If it is one."""
    assert parsed(b'{"code":-1121}') == {"code": -1121}
    assert parsed(HTML) is None
    assert parsed(b"[" * 100_000) is None


@pytest.mark.parametrize(
    ("form", "content_type", "body", "outcome"),
    [
        ("xml", "application/atom+xml", b"\xef\xbb\xbf\n<feed/>", "ok"),
        ("xml", "text/xml; charset=ISO-8859-1", b"<\xe9/>", "ok"),
        ("xml", "text/html", b"<html/>", "broken"),
        ("xml", "application/xml", b"{}", "broken"),
        ("html", "text/html", b"<html/>", "ok"),
        ("html", "text/html", b"sorry", "broken"),
        ("zip", "application/zip", b"PK\x03\x04\xff", "ok"),
        ("zip", "application/octet-stream", b"<html/>", "broken"),
        ("zip", "text/html", b"PK\x03\x04", "broken"),
        ("text", "text/plain", b"1234 abc http://x", "ok"),
        ("text", "text/html", b"<html/>", "broken"),
        ("text", "text/plain", b"\xff", "broken"),
    ],
)
def test_each_form_has_its_types_and_its_first_byte(
    form: Literal["xml", "html", "zip", "text"], content_type: str, body: bytes, outcome: str
) -> None:
    """XML and zips are handed on as bytes, since they say themselves how they are to be read."""
    assert judged(body, content_type=content_type, expected=Expected(form))[0] == outcome


def test_what_one_provider_means_by_an_answer_comes_first() -> None:
    """Before status and type; None leaves the answer to the common rules."""

    def own(status: int, headers: Mapping[str, str], body: bytes) -> Verdict | None:
        return Verdict(Outcome.EMPTY, "none") if (status, headers["x"], body) == (503, "y", b"end") else None

    expected = Expected("json", first=own)
    assert judge(503, {"x": "y"}, b"end", expected) == Verdict(Outcome.EMPTY, "none")
    assert judge(503, {"x": "z"}, b"end", expected).outcome is Outcome.BROKEN


def test_304_is_empty_for_a_request_that_was_conditional_alone() -> None:
    """Whoever did not ask since when has nothing then."""
    verdict = judge(304, {}, b"", Expected("json", first=unchanged))
    assert (verdict.outcome, verdict.may_retry) == (Outcome.EMPTY, False)
    assert judge(304, {}, b"", JSON).outcome is Outcome.BROKEN
