"""An item that its source edits, an id that is given away twice, and headlines that are more than text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.fake_providers.feeds import item, rss
from tests.news_rig import START, NewsRig, news_rig
from tests.recorded.asking_news import HOSTILE

TEN, ELEVEN = "Mon, 20 Jan 2025 10:00:00 GMT", "Mon, 20 Jan 2025 11:00:00 GMT"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[NewsRig]:
    """Return providers that have nothing yet."""
    with news_rig(tmp_path) as made:
        yield made


def publish(rig: NewsRig, *items: str) -> None:
    """Let the feed hold these items, and poll it."""
    address = rig.feeds.put("/rss", rss(*items))
    rig.poll("feeds", feeds=(address,))


def test_an_edited_item_is_one_item_with_its_versions(rig: NewsRig) -> None:
    """Another title and time under the same link: one item, first seen when it was, with its first clock."""
    link = "https://room.example/1"
    publish(rig, item("Nvidia opens a lab", link, "g1", TEN))
    first_poll = rig.clock.at
    rig.later(hours=3)
    publish(rig, item("Nvidia shuts a lab in a hurry", link, "g1", ELEVEN))
    (row,) = rig.mart("fct_news_items").iter_rows(named=True)
    assert (row["title"], row["latest_title"], row["n_versions"]) == (
        "Nvidia opens a lab",
        "Nvidia shuts a lab in a hurry",
        2,
    )
    assert row["first_seen_at"] <= first_poll
    assert row["available_at"].hour == 10
    assert row["changed_at"] > first_poll
    assert len(rig.rows("select 1 from raw.news_items")) == 2


def test_as_of_an_instant_no_later_version_is_known(rig: NewsRig) -> None:
    """What was read before an edit knows nothing of it, and nothing of what came after."""
    publish(rig, item("Nvidia opens a lab", "https://room.example/1", "g1", TEN))
    before = rig.clock.at + timedelta(minutes=1)
    known = rig.mart("fct_news_items", before)
    rig.later(hours=3)
    publish(
        rig,
        item("Nvidia shuts a lab in a hurry", "https://room.example/1", "g1", ELEVEN),
        item("AMD opens one", "https://room.example/2", "g2", TEN),
    )
    assert rig.mart("fct_news_items").height == 2
    again = rig.mart("fct_news_items", before)
    assert again.equals(known)
    assert again["n_versions"].to_list() == [1]
    assert rig.mart("fct_news_attention", before).equals(rig.mart("fct_news_attention", before))


def test_an_id_that_is_given_away_twice_leaves_the_first_story_alone(rig: NewsRig) -> None:
    """A GUID under which another page appears is another item; title and clock of the first stay."""
    publish(rig, item("Nvidia opens a lab", "https://room.example/1", "g1", ELEVEN))
    rig.later(hours=3)
    publish(rig, item("Fed keeps its rate for now", "https://room.example/2", "g1", TEN))
    found = rig.mart("fct_news_items").sort("url").select("title", "n_versions", "available_at").rows()
    assert [(title, n, instant.hour) for title, n, instant in found] == [
        ("Nvidia opens a lab", 1, 11),
        ("Fed keeps its rate for now", 1, 10),
    ]


def test_hostile_headlines_are_data(rig: NewsRig) -> None:
    """Scripts, formulas, orders to a terminal and SQL come through to the marts as the text they are."""
    for number, title in enumerate(HOSTILE):
        rig.tell(number, f"Nvidia {title}", START - timedelta(hours=number + 1))
    rig.poll()
    told = rig.mart("fct_news_items")
    assert told.height == len(HOSTILE)
    assert sum("DROP TABLE" in title or "<script>" in title or "=HYPERLINK" in title for title in told["title"]) == 3
    links = rig.mart("fct_news_links")
    assert set(links["symbol"]) == {"NVDA"}
    assert len(rig.rows("select 1 from raw.news_items")) == len(HOSTILE)
