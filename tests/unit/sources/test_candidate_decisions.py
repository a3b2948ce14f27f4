"""Decisions about candidates: read from an event file with provenance and from the file of rejections."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.contracts import CANDIDATE_DECISIONS
from pipelines.errors import CatalogueError
from pipelines.sources.candidate_decisions import SOURCE, decisions, fetch

NOW = datetime(2025, 3, 1, tzinfo=UTC)
PROMOTED = """
- id: own-event
  title: "Typed in by hand"
  occurred_at: "2025-01-02T12:00:00Z"
  precision: minute
  kind: news
  tickers: [{ticker: NVDA, sign: "?"}]

- id: nvda-results
  title: "Results"
  occurred_at: "2025-02-26T21:20:00Z"
  precision: minute
  kind: news
  tickers: [{ticker: NVDA, sign: "+"}]
  provenance:
    candidate: edgar:0001045810-25-000021
    facts: abc
    rule: form_8k_item
    news: [edgar:0001045810-25-000021]
    decided_by: ann
    decided_at: "2025-02-27T08:00:00Z"
"""
REJECTED = """
- candidate: burst:demand:2025-01-27
  title: "Everybody writes"
  facts: def
  reason: "no news in it"
  decided_by: bob
  decided_at: "2025-02-28T08:00:00Z"
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Return both files of a home."""
    promoted, rejected = tmp_path / "promoted.yaml", tmp_path / "rejected.yaml"
    promoted.write_text(PROMOTED, encoding="utf-8")
    rejected.write_text(REJECTED, encoding="utf-8")
    return promoted, rejected


def test_both_files_are_read_into_a_batch_each(files: tuple[Path, Path]) -> None:
    """A batch holds the raw table's columns; an event that nobody promoted is no decision."""
    first, second = fetch(*files, NOW)
    assert (first.source, first.object, second.object) == (SOURCE, "promoted", "rejected")
    wanted = [name for name in CANDIDATE_DECISIONS.names if name != "batch_id"]
    assert first.frame.columns == second.frame.columns == wanted
    at = datetime(2025, 2, 27, 8, tzinfo=UTC), datetime(2025, 2, 28, 8, tzinfo=UTC)
    assert first.frame.rows() == [
        (0, "edgar:0001045810-25-000021", "promoted", "abc", "nvda-results", None, "ann", at[0])
    ]
    assert second.frame.rows() == [
        (0, "burst:demand:2025-01-27", "rejected", "def", None, "no news in it", "bob", at[1])
    ]


def test_a_home_without_decisions_has_none(tmp_path: Path) -> None:
    """Files that were never written are no error and no batch."""
    absent = tmp_path / "promoted.yaml", tmp_path / "rejected.yaml"
    assert fetch(*absent, NOW) == []
    assert decisions(*absent) == []


def test_every_bad_field_of_a_rejection_is_named(files: tuple[Path, Path]) -> None:
    """A file that was edited wrongly is refused with field, line and what was expected."""
    files[1].write_text(REJECTED.replace("reason:", "raeson:").replace("2025-02-28T08:00:00Z", "yesterday"))
    with pytest.raises(CatalogueError) as error:
        decisions(*files)
    text = str(error.value)
    assert "line 2: reason: expected one line of printable text, got nothing" in text
    assert "raeson: expected only the fields title, candidate, facts, reason, decided_by, decided_at, got" in text
    assert "decided_at: expected an instant with a zone such as 2025-01-20T12:19:44Z, got 'yesterday'" in text


def test_a_rejection_file_that_is_no_list_is_refused(files: tuple[Path, Path]) -> None:
    """The message names the file and the place."""
    files[1].write_text("candidate: x\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"rejected\.yaml: line 1"):
        decisions(*files)


def test_a_bad_provenance_is_a_mistake_of_the_event_file(files: tuple[Path, Path]) -> None:
    """The validator of the catalogue holds the provenance too."""
    files[0].write_text(PROMOTED.replace("rule: form_8k_item", "rule: whim"), encoding="utf-8")
    with pytest.raises(CatalogueError, match="provenance, rule: expected one of form_8k_item"):
        decisions(*files)
