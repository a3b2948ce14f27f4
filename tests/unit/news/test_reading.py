"""Reading raw news from end to end, with what a hostile feed may hold."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.news import read_news
from tests.news.raw_items import minutes, raw_items
from tests.news.scoring import dictionary, theme_rules

HOSTILE = [
    "<script>alert(1)</script> Nvidia",
    '=HYPERLINK("http://evil.example","Nvidia")',
    "\x1b[31mNvidia\x1b[0m\x07",
    "\u202eaidivN\u202c \u2066Nvidia\u2069",
    "'; DROP TABLE news_items; -- Nvidia",
    "Nvidia\x00 and more",
    "(?P<x>[a-z]+)*$ ^Nvidia\\b .* {1,9999} $NVDA",
    "Nvidia " + "a" * 10_000,
    "Nvidia " * 2_000,
    "\ud83d\ude80".encode("utf-16", "surrogatepass").decode("utf-16") * 500 + " Nvidia",
    "Z\u0351\u036b\u0343 Nvidia \u0336\u0338",
    "\ufdfa" * 900 + " Nvidia",
]


def test_a_poll_is_read_from_end_to_end() -> None:
    """An edit, a copy of another source, a filing: items, versions, links, themes and clusters agree."""
    reading = read_news(
        raw_items(
            [
                {
                    "item_id": "a",
                    "title": "Nvidia takes charge after US export licence rule",
                    "url": "http://www.e.com/a/",
                },
                {"item_id": "a", "title": "Nvidia takes charge after US export licence rule", "url": "https://e.com/b"},
                {"item_id": "b", "source": "gdelt", "title": "Nvidia takes charge after US export licence rule - E"},
                {"item_id": "c", "source": "edgar", "title": "Form 8-K", "attributes": '{"cik": "0000050863"}'},
            ]
        ),
        dictionary(),
        theme_rules(),
        pl.DataFrame({"cik": ["50863"], "symbol": ["INTC"]}),
    )
    assert reading.items.select("news_id", "canonical_url", "cluster_id", "n_versions").rows() == [
        ("edgar:c", "https://example.com/c", "edgar:c", 1),
        ("feeds:a", "https://e.com/a", "feeds:a", 2),
        ("gdelt:b", "https://example.com/b", "feeds:a", 1),
    ]
    assert reading.versions.height == 4
    assert reading.links.select("news_id", "symbol", "rule").rows() == [
        ("edgar:c", "INTC", "cik"),
        ("feeds:a", "NVDA", "word"),
        ("gdelt:b", "NVDA", "word"),
    ]
    assert {"feeds:a", "gdelt:b"} == set(reading.themes.filter(pl.col("theme") == "regulation")["news_id"])
    (cluster,) = reading.clusters.filter(pl.col("cluster_id") == "feeds:a").iter_rows(named=True)
    assert (cluster["n_items"], cluster["n_sources"], cluster["first_available_at"]) == (2, 2, minutes(0))


def test_an_edit_that_names_a_security_links_nothing_that_could_not_be_known() -> None:
    """The first version names nobody; the edit an hour later does."""
    rows = [{"item_id": "a", "title": "Chipmaker wins order"}, {"item_id": "a", "title": "Nvidia wins order"}]
    reading = read_news(raw_items(rows), dictionary(), theme_rules())
    assert reading.links.height == 0
    assert reading.items["latest_title"].to_list() == ["Nvidia wins order"]


@pytest.mark.parametrize("title", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_read_as_text(title: str) -> None:
    """Nothing raises, the title is kept as it came, and the name in it is found where there is one to see."""
    reading = read_news(raw_items([{"title": title, "summary": title, "url": title}]), dictionary(), theme_rules())
    assert reading.items["title"].to_list() == [title]
    found = reading.links.filter(pl.col("symbol") == "NVDA")
    assert found.height == 1
    assert set(found["matched_text"]) <= {"Nvidia", "$NVDA"}


def test_no_rows_are_an_empty_reading() -> None:
    """All frames are typed and empty."""
    reading = read_news(raw_items([]), dictionary(), theme_rules())
    frames = (reading.items, reading.versions, reading.links, reading.themes, reading.clusters)
    assert [frame.height for frame in frames] == [0] * 5
    assert "cluster_id" in reading.items.columns


TITLE = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            ["Nvidia", "AMD", "$ARM", "Apple", "pie", "export", "ban", "China", "chips", "\x00", "[", "삼성전자"]
        ),
        max_size=8,
    ).map(" ".join),
)
ROW = st.fixed_dictionaries(
    {"title": TITLE, "url": TITLE, "summary": st.none() | TITLE, "item_id": st.sampled_from("abcdef"), "symbols": TITLE}
)


@settings(deadline=None, max_examples=40)
@given(st.lists(ROW, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_a_reading_depends_neither_on_the_order_nor_on_the_chunks(rows: list[dict[str, str]], random: object) -> None:
    """Any text: nothing raises, and ids, clusters, links and themes are the same for shuffled rows in two pieces."""
    frame = raw_items(rows)
    order = list(range(frame.height))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = frame[order]
    pieces = pl.concat([shuffled.head(3), shuffled.slice(3)], rechunk=False)
    one = read_news(frame, dictionary(), theme_rules())
    other = read_news(pieces, dictionary(), theme_rules())
    for name in ("items", "versions", "links", "themes", "clusters"):
        assert getattr(one, name).equals(getattr(other, name)), name


@settings(deadline=None, max_examples=25)
@given(st.lists(TITLE, min_size=2, max_size=8))
def test_links_and_themes_are_those_of_the_item_alone(titles: list[str]) -> None:
    """Read one by one or together, an item has the same securities and themes."""
    frame = raw_items([{"title": title} for title in titles])
    together = read_news(frame, dictionary(), theme_rules())
    alone = [read_news(frame[i : i + 1], dictionary(), theme_rules()) for i in range(frame.height)]
    assert together.links.equals(pl.concat([reading.links for reading in alone]).sort("news_id", "symbol"))
    assert together.themes.equals(pl.concat([reading.themes for reading in alone]).sort("news_id", "theme"))
