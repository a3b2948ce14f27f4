"""Text and addresses of news: brought into one form, and otherwise left alone."""

from __future__ import annotations

import json

import pytest

from pipelines.sources.news_text import is_front_page, one_line, pages_of, plain_text, whole_text


def test_a_line_has_single_blanks_and_an_end() -> None:
    """Cut at a length."""
    assert one_line("  a\n\tb  c ") == "a b c"
    assert one_line("word " * 10, 9) == "word word"


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ("<p>One</p><p>two &amp; three</p>", "One two & three"),
        ("a<br>b<b>c</b>", "a bc"),
        ("<script>x()</script>seen<style>p{}</style>", "seen"),
        ("<noscript><img></noscript>", None),
        ("", None),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<p>not closed", "not closed"),
        ("</script></script>still seen", "still seen"),
        ("&lt;b&gt;", "<b>"),
    ],
)
def test_markup_says_what_a_reader_would_see(markup: str, said: str | None) -> None:
    """Whether it is whole or not."""
    assert plain_text(markup) == said


def test_json_can_be_written_again() -> None:
    """Half of a surrogate pair and what is no finite number are replaced, at any depth."""
    data = json.loads('{"a\\ud800": ["x\\udfff", NaN, Infinity, 1.5, null, true, "caf\\u00e9"]}')
    whole = whole_text(data)
    assert whole == {"a?": ["x?", None, None, 1.5, None, True, "caf\u00e9"]}
    assert json.dumps(whole, ensure_ascii=False, allow_nan=False).encode("utf-8")


def test_links_to_one_page_have_one_address() -> None:
    """What is no address of the web has none."""
    links = ["http://www.A.example/x?utm_source=rss#top", "https://a.example/x", "mailto:a@b.example", "x", ""]
    assert pages_of(links) == ["https://a.example/x", "https://a.example/x", None, None, None]
    assert pages_of([]) == []


@pytest.mark.parametrize(
    ("url", "is_front"),
    [
        ("https://a.example", True),
        ("https://a.example/", True),
        ("https://a.example/x", False),
        ("https://a.example/?p=7", False),
    ],
)
def test_a_front_page_names_no_item(url: str, is_front: bool) -> None:
    """A query may name one."""
    assert is_front_page(url) is is_front
