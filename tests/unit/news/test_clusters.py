"""Near-identical headlines: what is one story, what is not, and that nothing later changes it."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.news.candidates import N_BEFORE, N_LONGEST, candidate_pairs
from pipelines.news.clusters import cluster
from tests.news.raw_items import minutes

STORY = "Nvidia loses $589bn of market value in a single day as DeepSeek rattles investors"


def items(*rows: tuple[str, datetime | None]) -> pl.DataFrame:
    """Return items called a, b, c ... with title and time."""
    names = [chr(ord("a") + i) for i in range(len(rows))]
    schema = {"news_id": pl.String, "title": pl.String, "available_at": pl.Datetime("us", "UTC")}
    return pl.DataFrame([(n, *row) for n, row in zip(names, rows, strict=True)], schema=schema, orient="row")


def clusters(*rows: tuple[str, datetime | None]) -> str:
    """Return the cluster of each item in one word, such as ``aab``."""
    return "".join(cluster(items(*rows))["cluster_id"])


@pytest.mark.parametrize(
    "other",
    [
        STORY,
        STORY.upper(),
        f"{STORY} - Reuters",
        f"UPDATE 1-{STORY}",
        STORY.replace("investors", "investor"),
        STORY.replace("Nvidia", "NVIDIA\u2019s shares:"),
        "As DeepSeek rattles investors, Nvidia loses $589bn of market value in a single day",
        STORY.replace("single day", "single\u00a0day\u200b"),
    ],
)
def test_additions_order_and_spelling_do_not_make_another_story(other: str) -> None:
    """A publisher's name, an update's mark, capitals, marks, an inflection."""
    assert clusters((STORY, minutes(0)), (other, minutes(60))) == "aa"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("AMD shares rise 3% after quarterly earnings report", "Arm shares rise 3% after quarterly earnings report"),
        ("Nvidia first quarter revenue hits $26bn, a record", "Nvidia first quarter revenue hits $30bn, a record"),
        ("Nvidia wins approval for export of chips to China", "Nvidia denies approval for export of chips to China"),
        (
            "China approves sale of advanced chips to local firms",
            "China approves no sale of advanced chips to local firms",
        ),
        ("Short one", "Another thing"),
    ],
)
def test_another_name_number_or_a_denial_is_another_story(one: str, other: str) -> None:
    """However alike the letters are."""
    assert clusters((one, minutes(0)), (other, minutes(1))) == "ab"


def test_a_cluster_ends_three_days_after_its_first_item() -> None:
    """A column that comes every day is not one story for ever."""
    day = 1440
    titles = [("Stocks to watch before the bell", minutes(day * i)) for i in range(9)]
    assert clusters(*titles) == "aaaaeeeei"


def test_members_are_compared_with_the_first_and_do_not_drift() -> None:
    """Each is near the one before; the last is far from the first."""
    base = "central bankers meet to discuss interest rates and inflation targets"
    grown = [base + " today" * (i > 0) + " in Frankfurt" * (i > 1) + " with great hope" * (i > 2) for i in range(4)]
    found = clusters(*((title, minutes(i)) for i, title in enumerate(grown)))
    assert found[:2] == "aa"
    assert found[3] != "a"


def test_the_first_in_time_gives_the_cluster_its_name() -> None:
    """Not the first in the file; items of one instant go by their id."""
    assert clusters((STORY, minutes(9)), (STORY, minutes(1)), (STORY, minutes(1))) == "bbb"


def test_an_item_without_a_time_is_alone() -> None:
    """Nobody knows what came before it."""
    assert clusters((STORY, None), (STORY, minutes(0))) == "ab"


def test_titles_without_a_word_are_no_story() -> None:
    """Two empty headlines say nothing of one another."""
    assert clusters(("", minutes(0)), ("!!", minutes(1)), ("", minutes(2))) == "abc"


def test_chinese_and_japanese_headlines_are_compared_by_their_letters() -> None:
    """They have no blanks between words."""
    assert (
        clusters(
            ("エヌビディア決算、予想を上回る", minutes(0)),
            ("エヌビディア決算 予想を上回る\uff08速報\uff09", minutes(5)),
        )
        == "aa"
    )


WORDS = st.lists(
    st.sampled_from(["nvidia", "shares", "fall", "rise", "chips", "demand", "china", "17", "26"]),
    max_size=7,
)
HEADLINES = st.lists(st.tuples(WORDS.map(" ".join), st.integers(0, 9_000)), max_size=14)


@settings(deadline=None)
@given(HEADLINES, st.randoms(use_true_random=False))
def test_clusters_depend_neither_on_the_order_nor_on_the_chunks(rows: list[tuple[str, int]], random: object) -> None:
    """Shuffled and cut in two, the clusters are the same."""
    frame = items(*((title, minutes(at)) for title, at in rows))
    order = list(range(frame.height))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = frame[order]
    pieces = pl.concat([shuffled.head(5), shuffled.slice(5)], rechunk=False)
    assert cluster(pieces).equals(cluster(frame))


@settings(deadline=None)
@given(HEADLINES, st.integers(0, 9_000))
def test_later_items_change_no_cluster_of_earlier_ones(rows: list[tuple[str, int]], until: int) -> None:
    """What is known at an instant is clustered as it will be for ever."""
    frame = items(*((title, minutes(at)) for title, at in rows))
    known = frame.filter(pl.col("available_at") <= minutes(until))
    later = cluster(frame).join(known.select("news_id"), on="news_id", how="semi")
    assert cluster(known).equals(later.sort("news_id"))


@pytest.mark.parametrize(
    "title",
    [
        "Shares of the largest semiconductor manufacturers rise again",
        "Shares of the largest semiconductor manufacturers rise again {i}",
        "{i}",
    ],
)
def test_candidates_grow_with_the_number_of_headlines_and_not_with_its_square(title: str) -> None:
    """Headlines that are all alike have a bounded number of partners each."""
    n = 3_000
    titles = pl.Series([title.format(i=i) for i in range(n)])
    pairs = candidate_pairs(titles, pl.Series(range(n)).to_numpy(), window=n)
    assert pairs.height <= n * N_BEFORE * N_LONGEST * (N_LONGEST - 1) // 2
    assert (pairs["later"] > pairs["earlier"]).all()


def test_thousands_of_alike_headlines_are_one_cluster() -> None:
    """The first item is found through members, however many lie between."""
    n = 3_000
    extra = [chr(97 + i % 26) + chr(97 + i // 26 % 26) + chr(97 + i // 676) for i in range(n)]
    frame = pl.DataFrame(
        {
            "news_id": [f"{i:05}" for i in range(n)],
            "title": [STORY, *(f"{STORY} {word}" for word in extra[1:])],
            "available_at": [minutes(0) + timedelta(seconds=i) for i in range(n)],
        }
    )
    assert cluster(frame)["cluster_id"].unique().to_list() == ["00000"]
