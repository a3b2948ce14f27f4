"""Numbers and text as pages show them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.report import text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.05, "0.050"),
        (0.001, "0.001"),
        (0.00099, "1\u00d710⁻³"),
        (4.2e-7, "4\u00d710⁻⁷"),
        (1.0, "1.000"),
        (0.9999, "> 0.999"),
        (0.0, "< 10⁻³⁰⁰"),
        (None, "\u2013"),
        (float("nan"), "\u2013"),
    ],
)
def test_a_p_value_is_never_zero(value: float | None, said: str) -> None:
    """Three decimals down to 0.001, a power of ten below, a bound where the number underflows, a dash for a null."""
    assert text.p_value(value) == said


@given(st.floats(min_value=0.0, max_value=1.0))
def test_no_p_value_is_printed_as_zero_or_loses_its_size(value: float) -> None:
    """Whatever the value, the text is not 0.000, and stands on the right side of 0.001."""
    said = text.p_value(value)
    assert said != "0.000"
    assert ("\u00d710" in said or said.startswith("<")) == (value < 0.001)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (-0.1326, "\u221213.26%"),
        (0.1326, "+13.26%"),
        (0.0, "0.00%"),
        (-0.00001, "0.00%"),
        (12.5, "+1,250.00%"),
        (None, "\u2013"),
    ],
)
def test_a_return_is_per_cent_with_its_sign(value: float | None, said: str) -> None:
    """True minus signs, separated thousands, and no sign on what rounds to zero."""
    assert text.percent(value) == said


def test_dollars_are_billions_with_their_sign() -> None:
    """-463.9 billion."""
    assert text.billions(-463_899_999_999.0) == "\u2212463.90"


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("a\x00b\x1b[31mc", "a b [31mc"),
        ("two\nlines\t", "two lines"),
        ("pay \u202egnp.exe", "pay gnp.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("half \ud83d", "half \ufffd"),
        ("مرحبا", "مرحبا"),
        ("\u2067isolated\u2069", "isolated"),
    ],
)
def test_control_and_direction_characters_do_not_reach_a_page(given_text: str, kept: str) -> None:
    """What steers a terminal, a direction or a width is gone; letters of every script stay."""
    assert text.clean(given_text) == kept


@given(st.text())
def test_what_is_clean_stays_clean_and_can_be_written(given_text: str) -> None:
    """Cleaning twice changes nothing, and UTF-8 can hold the result."""
    once = text.clean(given_text)
    assert text.clean(once) == once
    assert once.encode("utf-8").decode("utf-8") == once


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//example.org",
        "https:/example.org",
        "https://example.org/a b",
        "https://exa\u202emple.org",
        "http://[bad",
        "",
        None,
    ],
)
def test_what_is_no_address_of_the_web_is_no_link(url: str | None) -> None:
    """Only http and https with a host are linked."""
    assert text.safe_url(url) is None


def test_an_address_of_the_web_is_a_link() -> None:
    """With its query as it is."""
    assert text.safe_url("https://example.org/a?b=c&d=%20") == "https://example.org/a?b=c&d=%20"


@given(st.lists(st.text(min_size=1), unique=True, max_size=20), st.booleans())
def test_two_names_never_share_a_file(names: list[str], upper: bool) -> None:
    """Not even on a file system that ignores capitals, and no name leaves the folder."""
    slugs = [text.slug(name, upper=upper) for name in names]
    assert len({slug.casefold() for slug in slugs}) == len(names)
    assert all(slug and "/" not in slug and ".." not in slug and len(slug) < 80 for slug in slugs)


def test_usual_names_stay_as_they_are() -> None:
    """An event and a ticker that need no mark have none."""
    assert text.slug("deepseek-r1-release") == "deepseek-r1-release"
    assert text.slug("NVDA", upper=True) == "nvda"


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    """The result has the length that was asked for."""
    assert text.cut("x" * 10_000, 160) == "x" * 159 + "…"


def test_an_instant_says_its_zone() -> None:
    """To the minute, in UTC."""
    assert text.instant(datetime(2025, 1, 27, 21, 0, tzinfo=UTC)) == "2025-01-27 21:00 UTC"


def test_a_long_list_of_names_is_cut_where_that_spares_something() -> None:
    """Three names and how many more; one more name takes no more room than the words that stood for it."""
    assert text.few("A B C D E", 3) == "A B C and 2 more"
    assert text.few("A B C D", 3) == "A B C D"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('[{"symbol": "NVDA", "log_return": 0.69314718}]', "symbol NVDA, log return 0.6931"),
        ('[{"a_b": 1}, {"a_b": null}]', "a b 1; a b None"),
        ("[]", ""),
        ("[1, 2]", "[1, 2]"),
        ("not JSON \u202e", "not JSON"),
    ],
)
def test_rows_in_json_are_told_in_words(value: str, said: str) -> None:
    """Names without underscores, numbers of four decimals, rows apart; what is no list of rows stays as it is."""
    assert text.records(value) == said
