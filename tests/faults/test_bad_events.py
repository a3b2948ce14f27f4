"""Events that cannot be used: each pair ends with a status and a reason, and the others are used as before."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from flows.ad_hoc import AdHocStudy
from pipelines.errors import SourceFormatError
from tests.faults.studies import DAYS, EVENTS, assert_same_results, clean_prices, ledger, study

GOOD_PAIRS = [("e1", "AAA"), ("e1", "BBB"), ("e2", "AAA")]

UNUSABLE: dict[str, tuple[str, str, str]] = {
    "before the first price": (f"AAA,{DAYS[0] - timedelta(days=60)}", "excluded", "AAA has 0 usable"),
    "too early for the estimation window": (
        f"AAA,{DAYS[40]}",
        "excluded",
        r"AAA has 29 usable estimation sessions in \[-260,-11\]; the study needs 120 \(min_estimation_obs\)",
    ),
    "unknown ticker": (f"ZZZ,{DAYS[280]}", "excluded", "ZZZ has no prices in this source"),
    "a date that does not exist": ("AAA,2025-02-30", "excluded", "'2025-02-30' is not a date of the calendar"),
    "a window that is not complete": (f"AAA,{DAYS[315]}", "pending", r"prices reach day \+4"),
    "after the last price": (f"AAA,{DAYS[319] + timedelta(days=20)}", "pending", "prices reach day -14"),
}


@pytest.mark.parametrize(("row", "status", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_event_is_a_row_with_a_reason(
    tmp_path: Path, clean: AdHocStudy, row: str, status: str, reason: str
) -> None:
    """An event that cannot be used stands in the ledger with status and reason; the other pairs do not change."""
    found = study(clean_prices(), tmp_path, f"{EVENTS}odd,{row}\n")

    (symbol,) = [name for event, name in ledger(found) if event == "odd"]
    found_status, found_reason = ledger(found)["odd", symbol]
    assert found_status == status
    assert re.search(reason, found_reason or "")
    assert_same_results(found, clean, GOOD_PAIRS)


def test_an_instant_without_a_zone_is_not_guessed(tmp_path: Path, clean: AdHocStudy) -> None:
    """`occurred_at` without a zone could be any of 24 hours: the pair is excluded, and the reason shows the form."""
    lines = [f"{line}," for line in EVENTS.splitlines()]
    events = "\n".join([f"{lines[0]}occurred_at", *lines[1:], "odd,AAA,,2024-01-29T12:00:00", ""])
    found = study(clean_prices(), tmp_path, events)

    status, reason = ledger(found)["odd", "AAA"]
    assert status == "excluded"
    assert reason is not None
    assert reason.startswith("occurred_at '2024-01-29T12:00:00' is not an instant with a zone")
    assert_same_results(found, clean, GOOD_PAIRS)


def test_a_symbol_of_thirty_rows_has_too_few_estimation_sessions(tmp_path: Path, clean: AdHocStudy) -> None:
    """A young symbol is excluded with its count and first price; the others do not change."""
    young = clean_prices().filter(pl.col("symbol") == "AAA").tail(30).with_columns(pl.lit("NEW").alias("symbol"))
    found = study(pl.concat([clean_prices(), young]), tmp_path, f"{EVENTS}odd,NEW,{DAYS[305]}\n")

    assert ledger(found)["odd", "NEW"] == (
        "excluded",
        "NEW has 4 usable estimation sessions in [-260,-11]; the study needs 120 (min_estimation_obs). "
        f"First price: {DAYS[290]}.",
    )
    assert_same_results(found, clean, GOOD_PAIRS)


def test_an_event_on_a_delisted_symbol_is_excluded_not_pending(tmp_path: Path, clean: AdHocStudy) -> None:
    """A symbol whose prices ended long before will never have the window: it is excluded, with the last price."""
    ended = clean_prices().filter(pl.col("symbol") == "AAA").head(200).with_columns(pl.lit("OLD").alias("symbol"))
    found = study(pl.concat([clean_prices(), ended]), tmp_path, f"{EVENTS}odd,OLD,{DAYS[280]}\n")

    status, reason = ledger(found)["odd", "OLD"]
    assert status == "excluded"
    assert str(DAYS[199]) in (reason or "")
    assert_same_results(found, clean, GOOD_PAIRS)


def test_a_pending_event_matures_when_prices_arrive(tmp_path: Path, clean: AdHocStudy) -> None:
    """A pair whose window is not complete is pending; with the missing sessions the same study uses it."""
    early = study(clean_prices().filter(pl.col("date") < DAYS[300]), tmp_path)
    assert ledger(early)["e2", "AAA"][0] == "pending"
    assert ledger(early)["e1", "AAA"][0] == "used"

    late = study(clean_prices(), tmp_path)
    assert_same_results(late, clean, GOOD_PAIRS)


def test_a_pair_that_is_listed_twice_is_excluded(tmp_path: Path, clean: AdHocStudy) -> None:
    """Which of two dates of one event and symbol counts is not guessed: the pair is excluded, the others are used."""
    found = study(clean_prices(), tmp_path, f"{EVENTS}e2,BBB,{DAYS[290]}\ne2,BBB,{DAYS[291]}\n")

    status, reason = ledger(found)["e2", "BBB"]
    assert status == "excluded"
    assert "more than one time" in (reason or "")
    assert_same_results(found, clean, GOOD_PAIRS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("event_id,event_date\ne1,2024-01-29\n", r"events\.csv: expected the columns event_id and symbol"),
        ("event_id,symbol\ne1,AAA\n", r"events\.csv: expected a column event_date or occurred_at"),
        ("event_id,symbol,event_date\n", r"events\.csv: the file has a header and no rows"),
        ("", r"events\.csv: the file is empty"),
    ],
    ids=["no symbol", "no time", "header alone", "empty"],
)
def test_an_event_list_without_its_columns_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """A list that lacks a column or has no rows is refused by name."""
    with pytest.raises(SourceFormatError, match=message):
        study(clean_prices(), tmp_path, text)
