"""A user's event list: clocks as text, every other column as an attribute."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.contracts import FILES_EVENTS
from pipelines.errors import SourceError, SourceFormatError
from pipelines.sources.files_events import fetch

NOW = datetime(2025, 3, 1, tzinfo=UTC)
AT = datetime(2025, 1, 27, 21, 30, tzinfo=UTC)


def from_text(folder: Path, text: str) -> pl.DataFrame:
    """Read an event list from text."""
    file = folder / "events.csv"
    file.write_text(text, encoding="utf-8")
    return fetch([file], NOW)[0].frame


def from_parquet(folder: Path, columns: dict[str, Any]) -> pl.DataFrame:
    """Read an event list of one event, e1 for NVDA, from Parquet."""
    file = folder / "events.parquet"
    pl.DataFrame({"event_id": ["e1"], "symbol": ["NVDA"]} | columns).write_parquet(file)
    return fetch([file], NOW)[0].frame


def test_a_list_is_one_batch_per_file(tmp_path: Path) -> None:
    """Each file is a batch under its own path, with the raw table's columns and types except batch_id."""
    files = [tmp_path / name for name in ("a.csv", "b.csv")]
    for file in files:
        file.write_text("event_id,symbol,event_date\ne1,NVDA,2025-01-27\ne1,AMD,2025-01-27\n", encoding="utf-8")
    batches = fetch(files, NOW)
    assert [(batch.source, batch.object, batch.fetched_at) for batch in batches] == [
        ("files_events", str(file), NOW) for file in files
    ]
    schema = {name: dtype for name, dtype in FILES_EVENTS.polars_schema.items() if name != "batch_id"}
    assert dict(batches[0].frame.schema) == schema
    assert batches[0].frame["row_number"].to_list() == [0, 1]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Seoul"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_an_instant_with_a_zone_becomes_utc(tmp_path: Path, zone: str, unit: Any) -> None:
    """An instant with a zone is written in UTC with a Z, whatever its zone and unit."""
    at = pl.Series([AT]).dt.convert_time_zone(zone).dt.cast_time_unit(unit)
    assert from_parquet(tmp_path, {"occurred_at": at})["occurred_at"].to_list() == ["2025-01-27T21:30:00Z"]


def test_an_instant_without_a_zone_stays_without(tmp_path: Path) -> None:
    """An instant without a zone gets none here, so that staging can refuse it."""
    frame = from_parquet(tmp_path, {"occurred_at": [AT.replace(tzinfo=None)]})
    assert frame["occurred_at"].to_list() == ["2025-01-27T21:30:00"]


@pytest.mark.parametrize("day", [date(2025, 1, 27), datetime(2025, 1, 27), "2025-01-27"])  # noqa: DTZ001
def test_a_date_is_written_as_iso(tmp_path: Path, day: Any) -> None:
    """A date, midnight without a zone (as pandas writes dates) and text give the same text."""
    assert from_parquet(tmp_path, {"event_date": [day]})["event_date"].to_list() == ["2025-01-27"]


def test_text_clocks_stay_as_written(tmp_path: Path) -> None:
    """Text is stripped and otherwise kept, readable or not; an empty cell is null."""
    frame = from_text(tmp_path, "event_id,symbol,occurred_at\ne1,NVDA, 2025-01-27 16:30 ET \ne2,NVDA,  \ne3, ,soon\n")
    assert frame["occurred_at"].to_list() == ["2025-01-27 16:30 ET", None, "soon"]
    assert frame["symbol"].to_list() == ["NVDA", "NVDA", None]


def test_other_columns_are_kept_by_name(tmp_path: Path) -> None:
    """Every other column stands in `attributes` under its name in lower case."""
    frame = from_text(tmp_path, "event_id,symbol,event_date,Sector,my score\ne1,NVDA,2025-01-27,Chips,1.5\n")
    assert json.loads(frame["attributes"][0]) == {"sector": "Chips", "my score": "1.5"}


def test_without_other_columns_the_attributes_are_empty(tmp_path: Path) -> None:
    """A list of only our columns has an empty object of attributes, and reads title and sign."""
    frame = from_text(tmp_path, "event_id,symbol,event_date,title,expected_sign\ne1,NVDA,2025-01-27,Cheap model,-\n")
    assert frame["attributes"].to_list() == ["{}"]
    assert frame.select("title", "expected_sign", "occurred_at").rows() == [("Cheap model", "-", None)]


def test_numbers_in_parquet_become_text(tmp_path: Path) -> None:
    """Numeric event ids are text, and numeric attributes stay numbers."""
    file = tmp_path / "e.parquet"
    pl.DataFrame({"event_id": [7], "symbol": ["NVDA"], "event_date": [date(2025, 1, 27)], "score": [2]}).write_parquet(
        file
    )
    frame = fetch([file], NOW)[0].frame
    assert frame["event_id"].to_list() == ["7"]
    assert json.loads(frame["attributes"][0]) == {"score": 2}


@pytest.mark.parametrize(
    "header", ["EVENT_ID,Symbol,Event Date", "event-id,SYMBOL,event-date", " event id , symbol,event_date"]
)
def test_names_may_differ_in_case_and_dashes(tmp_path: Path, header: str) -> None:
    """Our columns are found whatever their case, with spaces or dashes for underscores."""
    frame = from_text(tmp_path, f"{header}\ne1,NVDA,2025-01-27\n")
    assert frame.select("event_id", "symbol", "event_date").rows() == [("e1", "NVDA", "2025-01-27")]
    assert frame["attributes"].to_list() == ["{}"]


@pytest.mark.parametrize("header", ["symbol,event_date", "event_id,event_date", "ticker,event_date"])
def test_a_list_without_ids_or_symbols_is_refused(tmp_path: Path, header: str) -> None:
    """Without event_id or symbol the message names the file and the columns it has."""
    with pytest.raises(SourceFormatError, match=r"events\.csv: expected the columns event_id and symbol, got \['"):
        from_text(tmp_path, f"{header}\nx,2025-01-27\n")


def test_a_list_without_a_clock_is_refused(tmp_path: Path) -> None:
    """Without event_date and occurred_at there is nothing to place the event by."""
    with pytest.raises(SourceFormatError, match=r"events\.csv: expected a column event_date or occurred_at, got \['ev"):
        from_text(tmp_path, "event_id,symbol,when\ne1,NVDA,2025-01-27\n")


def test_columns_that_differ_in_case_alone_are_refused(tmp_path: Path) -> None:
    """Two columns with one name in lower case cannot both be kept."""
    with pytest.raises(
        SourceFormatError, match=r"events\.csv: expected each column once.*\['sector'\] stand there twice"
    ):
        from_text(tmp_path, "event_id,symbol,event_date,Sector,sector\ne1,NVDA,2025-01-27,a,b\n")


def test_a_list_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A file that is no table is refused by its name."""
    with pytest.raises(SourceError, match=r"events\.json: expected a file that ends in"):
        fetch([tmp_path / "events.json"], NOW)


def test_words_for_nothing_are_null_except_where_they_are_names(tmp_path: Path) -> None:
    """NA in a column of clocks is no clock; NA as a symbol is a ticker."""
    frame = from_text(tmp_path, "event_id,symbol,event_date,occurred_at\ne1,NA,2025-01-27,NA\n")
    assert frame.select("event_id", "symbol", "event_date", "occurred_at").rows() == [("e1", "NA", "2025-01-27", None)]
