"""Items and versions: edits are kept, and none of them moves what was known before."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import ContractError
from pipelines.news.items import fold, new_versions
from tests.news.raw_items import minutes, raw_items


def test_an_edited_item_is_one_item_with_versions() -> None:
    """A new title and time under the same id: title, first sight and time of the first stay."""
    folded = fold(
        raw_items(
            [
                {"item_id": "a", "title": "Nvidia falls", "occurred_at": minutes(-5), "fetched_at": minutes(0)},
                {"item_id": "a", "title": "Nvidia falls 17%", "occurred_at": minutes(55), "fetched_at": minutes(60)},
            ]
        )
    )
    (item,) = folded.items.iter_rows(named=True)
    assert (item["news_id"], item["title"], item["latest_title"]) == ("feeds:a", "Nvidia falls", "Nvidia falls 17%")
    assert (item["first_seen_at"], item["available_at"]) == (minutes(0), minutes(-5))
    assert (item["n_versions"], item["changed_at"]) == (2, minutes(60))
    assert folded.versions.select("version", "known_at").rows() == [(1, minutes(-5)), (2, minutes(60))]


@pytest.mark.parametrize("changed", [{}, {"title": "Nvidia halts H20 sales"}])
def test_an_edit_with_an_earlier_time_makes_the_news_no_older(changed: dict[str, str]) -> None:
    """A publisher that dates its item back, with another title or the same, moves neither its time nor its day 0."""
    first = {"item_id": "a", "title": "Nvidia sees curbs", "occurred_at": minutes(600), "fetched_at": minutes(700)}
    back = {**first, **changed, "occurred_at": minutes(30), "available_at": minutes(30), "fetched_at": minutes(800)}
    folded = fold(raw_items([first, back]))
    (item,) = folded.items.iter_rows(named=True)
    assert (item["available_at"], item["occurred_at"], item["n_versions"]) == (minutes(600), minutes(600), 2)
    assert folded.versions["known_at"].to_list() == [minutes(600), minutes(800)]


def test_a_day_that_becomes_a_minute_later_stays_a_day() -> None:
    """What the publisher says later of its own time is an edit, too."""
    day = {"item_id": "a", "title": "T", "available_at": minutes(600), "occurred_at": minutes(0), "precision": "day"}
    minute = {"item_id": "a", "title": "T", "occurred_at": minutes(30), "fetched_at": minutes(800)}
    (item,) = fold(raw_items([{**day, "fetched_at": minutes(700)}, minute])).items.iter_rows(named=True)
    assert (item["available_at"], item["precision"], item["first_seen_at"]) == (minutes(600), "day", minutes(700))


@pytest.mark.parametrize(("basis", "better"), [("zone_unverified", "zone_documented"), ("crawl", "crawl")])
def test_a_machine_that_knows_an_earlier_time_of_the_same_gives_it_to_the_item(basis: str, better: str) -> None:
    """A filing's own header, or an older file of GDELT's: its first time was an upper bound of the same item."""
    same = {"item_id": "a", "source": "edgar", "title": "8-K NVIDIA CORP: results of operations", "kind": "filing"}
    late = {**same, "time_basis": basis, "occurred_at": minutes(300), "fetched_at": minutes(700)}
    early = {**same, "time_basis": better, "occurred_at": minutes(0), "fetched_at": minutes(800)}
    (item,) = fold(raw_items([late, early])).items.iter_rows(named=True)
    assert (item["available_at"], item["time_basis"]) == (minutes(0), better)
    assert (item["first_seen_at"], item["n_versions"]) == (minutes(700), 2)
    edited = {**early, "title": "8-K/A NVIDIA CORP: results of operations"}
    assert fold(raw_items([late, edited])).items["available_at"].to_list() == [minutes(300)]


def test_the_same_content_with_an_earlier_time_is_no_version_and_counts() -> None:
    """The rule of a source knew no time at first sight and does later: never later than seen, as early as it says."""
    same = {"item_id": "a", "title": "Nvidia falls", "occurred_at": minutes(-90)}
    rows = [
        {**same, "available_at": minutes(60), "fetched_at": minutes(60)},
        {**same, "available_at": minutes(-30), "fetched_at": minutes(120)},
        {**same, "available_at": minutes(10), "fetched_at": minutes(180)},
    ]
    (item,) = fold(raw_items(rows)).items.iter_rows(named=True)
    assert (item["available_at"], item["first_seen_at"], item["n_versions"]) == (minutes(-30), minutes(60), 1)
    assert fold(raw_items(rows[:1])).items["available_at"].to_list() == [minutes(60)]


def test_what_is_stored_is_stored_again_only_for_an_earlier_time() -> None:
    """A later time of the same content says nothing; an earlier one does, once."""
    row = {"item_id": "a", "title": "T", "occurred_at": minutes(0), "summary": None}
    stored = raw_items([{**row, "available_at": minutes(60)}, {**row, "available_at": None}])
    later, unknown, earlier, edited = (
        raw_items([{**row, **told}])
        for told in (
            {"available_at": minutes(70)},
            {"available_at": None},
            {"available_at": minutes(10)},
            {"available_at": minutes(60), "title": "U"},
        )
    )
    assert [new_versions(one, stored).height for one in (later, unknown, earlier, edited)] == [0, 0, 1, 1]
    assert new_versions(earlier, pl.concat([stored, earlier])).is_empty()
    assert new_versions(earlier, stored.tail(1)).height == 1
    assert new_versions(unknown, stored.head(0)).height == 1


def test_a_time_that_is_unknown_or_in_the_future_is_that_of_the_first_sight() -> None:
    """Nothing is available later than it was seen."""
    rows = [
        {"item_id": "a", "available_at": None, "fetched_at": minutes(5)},
        {"item_id": "b", "available_at": minutes(900), "fetched_at": minutes(6)},
    ]
    assert fold(raw_items(rows)).items["available_at"].to_list() == [minutes(5), minutes(6)]


def test_an_id_that_was_given_to_another_story_does_not_move_the_first() -> None:
    """Another address and another title: a version, marked, whose earlier time is not the item's."""
    folded = fold(
        raw_items(
            [
                {
                    "item_id": "a",
                    "url": "https://e.com/1",
                    "title": "Oracle signs cloud contract",
                    "available_at": minutes(0),
                },
                {
                    "item_id": "a",
                    "url": "https://e.com/2",
                    "title": "Weather: snow in Maine",
                    "available_at": minutes(-99),
                },
            ]
        )
    )
    (item,) = folded.items.iter_rows(named=True)
    assert (item["title"], item["available_at"]) == ("Oracle signs cloud contract", minutes(0))
    assert folded.versions["is_other_story"].to_list() == [False, True]


def test_the_same_content_again_is_no_version() -> None:
    """A feed is read every quarter of an hour."""
    same = {"item_id": "a", "title": "Nvidia falls", "occurred_at": minutes(0)}
    folded = fold(raw_items([same, same, same]))
    assert folded.items["n_versions"].to_list() == [1]
    assert folded.items["first_seen_at"].to_list() == [minutes(1)]


def test_one_id_at_two_sources_is_two_items() -> None:
    """An id is a name within its source."""
    folded = fold(raw_items([{"item_id": "1", "source": "feeds"}, {"item_id": "1", "source": "hackernews"}]))
    assert folded.items["news_id"].to_list() == ["feeds:1", "hackernews:1"]


def test_what_is_fetched_later_changes_nothing_known_before() -> None:
    """Folding the first batch alone gives the same first version as folding all, whatever comes later."""
    rows = raw_items([{"item_id": "a", "title": f"Title {i}", "occurred_at": minutes(i)} for i in range(5)])
    early, late = fold(rows.head(1)).items, fold(rows).items
    kept = ["news_id", "title", "url", "first_seen_at", "available_at"]
    assert early.select(kept).equals(late.select(kept))


def test_rows_without_their_fetching_are_refused() -> None:
    """The message says which column is missing."""
    with pytest.raises(ContractError, match="fetched_at"):
        fold(raw_items([{}]).drop("fetched_at"))


def test_no_rows_are_no_items() -> None:
    """An empty poll is no error."""
    folded = fold(raw_items([]))
    assert folded.items.height == folded.versions.height == 0


@settings(deadline=None)
@given(st.permutations(range(6)))
def test_items_do_not_depend_on_the_order_of_rows(order: list[int]) -> None:
    """Ids, versions and times come out alike, also for rows of one instant."""
    rows = raw_items(
        [{"item_id": "ab"[i % 2], "title": f"Title {i % 3}", "fetched_at": minutes(i // 4)} for i in range(6)]
    )
    shuffled = rows[order]
    assert fold(shuffled).items.equals(fold(rows).items)
    assert fold(shuffled).versions.equals(fold(rows).versions)
    assert fold(pl.concat([shuffled.head(2), shuffled.tail(4)], rechunk=False)).items.equals(fold(rows).items)
