"""Canonical addresses: what does not choose a page goes, everything else stays."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.urls import canonical_urls


def canonical(url: str | None) -> str | None:
    """Return the canonical form of one address."""
    return canonical_urls(pl.Series([url], dtype=pl.String))[0]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://Example.COM/News", "https://example.com/News"),
        ("https://www.example.com:443/a/", "https://example.com/a"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("https://example.com", "https://example.com"),
        ("https://example.com./a", "https://example.com/a"),
        ("//example.com/a", "https://example.com/a"),
        ("https://user:secret@example.com/a", "https://example.com/a"),
        ("https://m.example.com/a", "https://example.com/a"),
        ("https://mobile.www.example.co.uk/a", "https://example.co.uk/a"),
        ("https://m.co.uk/a", "https://m.co.uk/a"),
        ("https://m.com/a", "https://m.com/a"),
        ("https://music.example.com/a", "https://music.example.com/a"),
        ("https://example.com/a#part", "https://example.com/a"),
        ("https://example.com/#!/page/2", "https://example.com#!/page/2"),
        ("https://example.com/a?utm_source=x&utm_medium=y", "https://example.com/a"),
        ("https://example.com/a?b=2&utm_campaign=z&a=1", "https://example.com/a?a=1&b=2"),
        ("https://example.com/a?gclid=1&fbclid=2&id=3", "https://example.com/a?id=3"),
        ("https://example.com/a?gclid2=1", "https://example.com/a?gclid2=1"),
        ("https://finance.yahoo.com/news/a.html?.tsrc=rss", "https://finance.yahoo.com/news/a.html"),
        ("https://example.com/a?ref=home", "https://example.com/a?ref=home"),
        ("https://news.ycombinator.com/item?id=42823568", "https://news.ycombinator.com/item?id=42823568"),
        ("https://[::1]:8080/a", "https://[::1]:8080/a"),
        ("mailto:somebody@example.com", "mailto:somebody@example.com"),
        ("not an address", "not%20an%20address"),
        ("https://", "https://"),
        ("", ""),
        (None, None),
    ],
)
def test_only_what_chooses_no_page_is_taken_away(url: str | None, expected: str | None) -> None:
    """A parameter that nobody has listed stays, and so does what is no web address."""
    assert canonical(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://arxiv.org/abs/2501.12948v1",
        "http://export.arxiv.org/abs/2501.12948v2",
        "https://www.arxiv.org/pdf/2501.12948v1.pdf",
        "https://arxiv.org/pdf/2501.12948",
        "https://arxiv.org/html/2501.12948v1?utm_source=x",
    ],
)
def test_versions_and_forms_of_a_paper_are_one_page(url: str) -> None:
    """ArXiv's abstract, PDF and HTML of any version."""
    assert canonical(url) == "https://arxiv.org/abs/2501.12948"


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=43s",
        "https://m.youtube.com/watch?app=desktop&v=dQw4w9WgXcQ",
        "https://youtu.be/dQw4w9WgXcQ?si=abc",
        "https://www.youtube.com/shorts/dQw4w9WgXcQ",
        "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ",
    ],
)
def test_addresses_of_a_video_are_one_page(url: str) -> None:
    """YouTube writes a video's page in five ways."""
    assert canonical(url) == "https://youtube.com/watch?v=dQw4w9WgXcQ"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://twitter.com/someone/status/123?s=20", "https://x.com/i/status/123"),
        ("https://mobile.twitter.com/other/status/123", "https://x.com/i/status/123"),
        ("https://en.m.wikipedia.org/wiki/Nvidia", "https://en.wikipedia.org/wiki/Nvidia"),
        (
            "https://www.sec.gov/ix?doc=/Archives/edgar/data/1045810/000104581025000023/nvda.htm",
            "https://sec.gov/Archives/edgar/data/1045810/000104581025000023/nvda.htm",
        ),
        ("https://arxiv.org/abs/hep-th/9901001v2", "https://arxiv.org/abs/hep-th/9901001"),
        ("https://arxiv.org/list/cs.LG/recent", "https://arxiv.org/list/cs.LG/recent"),
        ("https://example.com/watch?v=dQw4w9WgXcQ&t=4", "https://example.com/watch?t=4&v=dQw4w9WgXcQ"),
    ],
)
def test_other_known_pages(url: str, expected: str) -> None:
    """Each site by its own rule, and no other site by it."""
    assert canonical(url) == expected


ADDRESS = st.one_of(
    st.text(max_size=60),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(
            ["http://", "HTTPS://", "//", "https://u@", "https://www.m.", "ftp://", "https://arxiv.org/pdf/"]
        ),
        st.text(alphabet="aAbm.w:/0 8@\u202e\x00", max_size=20),
        st.sampled_from(["", "/", "//", "/a/", "/v1", "/watch", "/ix"]),
        st.text(alphabet="?&=#!utm_gclidv1/%. \n", max_size=25),
    ),
)


@settings(deadline=None)
@given(ADDRESS)
def test_the_canonical_form_is_its_own(url: str) -> None:
    """Canonicalising twice changes nothing, whatever the text is."""
    once = canonical(url)
    assert canonical(once) == once
