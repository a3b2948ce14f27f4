"""Decisions about candidate events: what is listed, what is written, what is refused, and that all of it is valid."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from flows.candidates import Promotion, parse_signs, promote, read_candidates, reject
from pipelines.contracts import FCT_EVENT_CANDIDATES
from pipelines.errors import CatalogueError, ConfigurationError, NothingPublishedError, WarehouseBusyError
from pipelines.settings import Settings
from pipelines.sources.catalogue_events import load_events
from tests.running import reaction_here
from warehouse.lease import lease

FILING = "edgar:0001045810-25-000021"
BURST = "burst:demand:2025-01-27"
SAME = "edgar:0001045810-25-000009"
NOW = datetime(2025, 3, 1, 9, tzinfo=UTC)
ANN = Promotion(decided_by="ann")


def candidate(name: str, **other: Any) -> dict[str, Any]:
    """Return a row of the mart: a filing of Nvidia, but for what is said."""
    at = datetime(2025, 2, 26, 21, 20, tzinfo=UTC)
    row = {
        "candidate_id": name,
        "kind": "results",
        "title": "NVIDIA CORP: 8-K, 2.02",
        "url": "https://www.sec.gov/x",
        "occurred_at": at,
        "available_at": at,
        "precision": "minute",
        "symbols": '["NVDA"]',
        "theme": "earnings",
        "news_ids": json.dumps([name]),
        "rule": "form_8k_item",
        "facts": "abc",
        "status": "candidate",
        **dict.fromkeys(("event_id", "reason", "decided_by", "decided_at")),
    }
    return row | other


def publish(home: Path, *rows: dict[str, Any]) -> Settings:
    """Write marts that hold these candidates and nothing else, and return the settings of the home."""
    settings = Settings(home=home)
    settings.published.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(list(rows), schema=FCT_EVENT_CANDIDATES.polars_schema, orient="row")
    with duckdb.connect(str(settings.marts_file)) as connection:
        connection.register("rows", frame.to_arrow())
        connection.execute(f"create or replace table {FCT_EVENT_CANDIDATES.name} as select * from rows")
    return settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return a home whose last run proposed a filing and a burst, and linked another filing."""
    day = datetime(2025, 1, 27, tzinfo=UTC)
    burst = candidate(
        BURST, kind="burst", theme="demand", symbols="[]", rule="attention_burst", precision="day",
        title="Everybody\u202e writes\nof it", occurred_at=day, available_at=day.replace(hour=23), facts="def",
    )  # fmt: skip
    linked = candidate(SAME, status="linked", event_id="nvda-fy25q4-results", reason="a similar title at the same time")
    return publish(tmp_path / "home", candidate(FILING), burst, linked)


def statuses(settings: Settings) -> dict[str, str]:
    """Return the status of every candidate."""
    return {row["candidate_id"]: row["status"] for row in read_candidates(settings, statuses=())}


def test_what_is_open_is_listed_the_newest_first(settings: Settings) -> None:
    """What an event tells already is not proposed again; a day cuts off what is older."""
    assert [row["candidate_id"] for row in read_candidates(settings)] == [FILING, BURST]
    assert [row["candidate_id"] for row in read_candidates(settings, date(2025, 1, 28))] == [FILING]
    assert [row["candidate_id"] for row in read_candidates(settings, date(2025, 1, 27))] == [FILING, BURST]
    assert statuses(settings) == {FILING: "candidate", BURST: "candidate", SAME: "linked"}


def test_a_promoted_candidate_is_an_event_of_the_catalogues_form(settings: Settings) -> None:
    """The validator of the catalogue reads it back, with clocks, signs and where it comes from."""
    name = promote(settings, FILING, Promotion("ann", title="Nvidia results", signs={"NVDA": "+", "AMD": "?"}), NOW)
    (event,) = load_events([settings.promoted_file])
    assert (event.id, event.title, event.theme, event.kind) == (name, "Nvidia results", "earnings", "news")
    assert name == "nvidia-results-2025-02-26"
    assert event.public_from == datetime(2025, 2, 26, 21, 20, tzinfo=UTC)
    assert [(ticker.ticker, ticker.sign) for ticker in event.tickers] == [("AMD", "?"), ("NVDA", "+")]
    assert event.provenance is not None
    assert event.provenance.model_dump() == {
        "candidate": FILING,
        "facts": "abc",
        "rule": "form_8k_item",
        "news": [FILING],
        "decided_by": "ann",
        "decided_at": NOW,
    }
    assert statuses(settings)[FILING] == "promoted"


def test_a_day_becomes_the_window_in_which_it_became_public(settings: Settings) -> None:
    """A time that is known to the day alone has both ends; a title from outside loses what hides or breaks lines."""
    promote(settings, BURST, Promotion("ann", signs={"NVDA": "-"}), NOW)
    (event,) = load_events([settings.promoted_file])
    assert event.title == "Everybody writes of it"
    assert event.precision == "day"
    assert event.public_from == datetime(2025, 1, 27, tzinfo=UTC)
    assert event.public_by == datetime(2025, 1, 27, 23, tzinfo=UTC)


def test_a_day_that_was_seen_late_counts_from_when_it_was_seen(tmp_path: Path) -> None:
    """What was found a month after its day cannot have been known before by anybody we know of."""
    late = candidate(FILING, precision="day", available_at=datetime(2025, 4, 1, tzinfo=UTC))
    settings = publish(tmp_path / "home", late)
    promote(settings, FILING, ANN, NOW)
    (event,) = load_events([settings.promoted_file])
    assert event.public_from == event.public_by == datetime(2025, 4, 1, tzinfo=UTC)


def test_decisions_are_appended_and_what_stood_there_stays(settings: Settings) -> None:
    """Blocks and comments of before are there byte for byte."""
    promote(settings, FILING, ANN, NOW)
    before = settings.promoted_file.read_text(encoding="utf-8") + "# my own remark\n"
    settings.promoted_file.write_text(before, encoding="utf-8")
    promote(settings, BURST, Promotion("bob", signs={"NVDA": "?"}), NOW)
    assert settings.promoted_file.read_text(encoding="utf-8").startswith(before)
    assert len(load_events([settings.promoted_file])) == 2


def test_a_candidate_is_promoted_once(settings: Settings) -> None:
    """The second time says which event it is, by whom and where; the file is as it was."""
    promote(settings, FILING, ANN, NOW)
    before = settings.promoted_file.read_bytes()
    with pytest.raises(
        CatalogueError, match=r"was promoted to event nvidia-corp-8-k-2-02-2025-02-26 by ann on 2025-03-01"
    ):
        promote(settings, FILING, ANN, NOW)
    with pytest.raises(CatalogueError, match="take its block out of"):
        reject(settings, FILING, "dull", "ann", NOW)
    assert settings.promoted_file.read_bytes() == before


def test_an_unknown_candidate_is_answered_with_the_nearest(settings: Settings) -> None:
    """A slip of the pen gets the name that was meant."""
    with pytest.raises(CatalogueError, match=f"did you mean {FILING}"):
        promote(settings, "edgar:0001045810-25-00021", ANN, NOW)
    with pytest.raises(CatalogueError, match="reaction events candidates --all"):
        reject(settings, "zzz", "dull", "ann", NOW)


def test_what_an_event_tells_already_is_promoted_on_demand_alone(settings: Settings) -> None:
    """Somebody who says that they are two may have both."""
    with pytest.raises(CatalogueError, match=f"event nvda-fy25q4-results tells candidate {SAME} already"):
        promote(settings, SAME, ANN, NOW)
    promote(settings, SAME, Promotion("ann", is_repeated=True), NOW)
    assert statuses(settings)[SAME] == "promoted"


@pytest.mark.parametrize(
    ("promotion", "message"),
    [
        (Promotion("ann", event_id="deepseek-r1-release"), "id: expected an id of its own"),
        (Promotion("ann", theme="fashion"), "theme: expected one of architectural_innovation"),
        (Promotion("ann", signs={"N V": "+"}), "ticker: expected a ticker such as NVDA"),
    ],
    ids=["id", "theme", "ticker"],
)
def test_an_event_that_would_not_be_valid_is_not_written(
    settings: Settings, promotion: Promotion, message: str
) -> None:
    """The rules of the catalogue decide before anything is on disk."""
    with pytest.raises(CatalogueError, match=message):
        promote(settings, FILING, promotion, NOW)
    assert not settings.promoted_file.exists()


def test_a_candidate_without_securities_needs_one(settings: Settings) -> None:
    """An event moves something."""
    with pytest.raises(CatalogueError, match="names no security; say which it should move, as in --sign NVDA="):
        promote(settings, BURST, ANN, NOW)


def test_a_rejected_candidate_stays_away_until_its_facts_change(settings: Settings) -> None:
    """With the same facts it is gone, and rejecting it again changes nothing; with others it is a new question."""
    assert reject(settings, FILING, "no news in it", "bob", NOW)
    before = settings.rejected_file.read_bytes()
    assert not reject(settings, FILING, "no news in it", "bob", NOW)
    assert settings.rejected_file.read_bytes() == before
    assert [row["candidate_id"] for row in read_candidates(settings)] == [BURST]
    publish(settings.home, candidate(FILING, facts="other"))
    assert [row["candidate_id"] for row in read_candidates(settings)] == [FILING]
    assert reject(settings, FILING, "still none", "bob", NOW)
    publish(settings.home, candidate(FILING))
    assert statuses(settings) == {FILING: "rejected"}


def test_a_rejection_can_be_taken_back(settings: Settings) -> None:
    """A promotion after a rejection counts; a block that is taken out makes the candidate one again."""
    reject(settings, FILING, "no news in it", "bob", NOW)
    promote(settings, FILING, ANN, NOW)
    assert statuses(settings)[FILING] == "promoted"
    settings.promoted_file.unlink()
    settings.rejected_file.unlink()
    assert statuses(settings)[FILING] == "candidate"


def test_a_decision_of_the_last_run_that_is_taken_back_counts_no_more(tmp_path: Path) -> None:
    """The files say what was decided; what the marts said of it is older."""
    decided = {"status": "promoted", "event_id": "x", "decided_by": "ann", "decided_at": NOW}
    settings = publish(tmp_path / "home", candidate(FILING, **decided))
    assert statuses(settings) == {FILING: "candidate"}


def test_one_decision_is_made_at_a_time(settings: Settings) -> None:
    """Who comes while another decides is told so, and nothing is lost."""
    lock = settings.promoted_file.with_name("decisions.lock")
    with lease(lock, now=NOW, what="a decision about a candidate"), pytest.raises(WarehouseBusyError):
        promote(settings, FILING, ANN, NOW)
    assert not settings.promoted_file.exists()


def test_without_marts_there_is_nothing_to_decide(tmp_path: Path) -> None:
    """A new home says what to do first."""
    with pytest.raises(NothingPublishedError, match="run `reaction run` first"):
        read_candidates(Settings(home=tmp_path))


def test_signs_are_read_and_others_refused() -> None:
    """A security and one of three signs; a security may have an equals sign of its own."""
    assert parse_signs(["NVDA=+", "AMD=-", "EURUSD=X=?"]) == {"NVDA": "+", "AMD": "-", "EURUSD=X": "?"}
    for text in ("NVDA", "NVDA=up", "=+"):
        with pytest.raises(ConfigurationError, match=r"--sign: expected a security and one of \+ - \?, as NVDA=\+"):
            parse_signs([text])


def test_a_rejection_says_why(settings: Settings) -> None:
    """An empty reason is none."""
    with pytest.raises(ConfigurationError, match="--reason: expected why it is no event"):
        reject(settings, FILING, " \n", "ann", NOW)


def test_the_commands_list_promote_and_reject(settings: Settings) -> None:
    """The whole way by the command line; what was promoted is an event of the list at once."""
    home = settings.home
    listed = reaction_here("events", "candidates", "--json", home=home)
    assert [(row["candidate_id"], row["symbols"]) for row in listed.json] == [(FILING, ["NVDA"]), (BURST, [])]
    assert FILING in reaction_here("events", "candidates", "--since", "2025-02-01", home=home).out
    options = ("--title", "Nvidia results", "--sign", "NVDA=+", "--sign", "AMD=?", "--event-id", "mine", "--by", "ann")
    done = reaction_here("events", "promote", FILING, *options, home=home)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("event mine is in ")
    shown = reaction_here("events", "show", "mine", home=home).out
    assert "AMD ?, NVDA +" in shown
    assert f"candidate {FILING}" in shown
    turned = reaction_here("events", "reject", BURST, "--reason", "noise", "--by", "ann", home=home)
    assert turned.out.startswith(f"candidate {BURST} is rejected")
    assert reaction_here("events", "candidates", home=home).out.startswith("no candidates")
    every = reaction_here("events", "candidates", "--all", "--json", home=home).json
    assert {row["status"] for row in every} == {"promoted", "rejected", "linked"}


def test_commands_that_go_wrong_say_so(settings: Settings) -> None:
    """Exit code 1 for what cannot be decided, 2 for what cannot be typed."""
    home = settings.home
    assert reaction_here("events", "promote", "edgar:1", home=home).code == 1
    wrong = reaction_here("events", "promote", FILING, "--sign", "NVDA", home=home)
    assert (wrong.code, wrong.err.startswith("error: --sign: expected a security")) == (2, True)
    assert reaction_here("events", "reject", FILING, home=home).code == 2
