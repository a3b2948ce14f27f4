"""What a batch is, and its content hash."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from pipelines.errors import ContractError
from pipelines.sources.batch import RawBatch, content_hash

BLOCK = 1 << 20


def frame() -> pl.DataFrame:
    """Return a small frame with every type and with nulls."""
    return pl.DataFrame(
        {
            "symbol": ["NVDA", None, "Škoda", ""],
            "close": [1.5, None, float("nan"), -0.0],
            "volume": pl.Series([1, 2, None, 4], dtype=pl.Int64),
            "is_open": [True, None, False, True],
            "date": [date(2025, 1, 27), None, date(1969, 12, 31), date(2025, 1, 28)],
            "at": pl.Series([datetime(2025, 1, 27, tzinfo=UTC), None, None, None], dtype=pl.Datetime("us", "UTC")),
        }
    )


def test_a_batch_cannot_be_changed_after_it_was_fetched() -> None:
    """A batch is frozen."""
    batch = RawBatch("sample_prices", "NVDA", "file:///x", frame(), datetime(2025, 1, 1, tzinfo=UTC))
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'source'"):
        batch.source = "other"  # type: ignore[misc]


def test_the_hash_of_known_content_never_changes() -> None:
    """The hash is stored, so it must come out the same with every release of this project and of Polars."""
    assert content_hash(frame()) == "24ca02ac0cd9518382a1c971465f501f0ca406e1398380f73d9ab7f554760853"


def test_equal_frames_have_equal_hashes() -> None:
    """Two frames made apart from the same values hash alike."""
    assert content_hash(frame()) == content_hash(frame())


@pytest.mark.parametrize("cut", [1, 7, BLOCK - 1, BLOCK, BLOCK + 5])
def test_chunks_do_not_matter(cut: int) -> None:
    """Rows that lie in several chunks hash like the same rows in one."""
    rows = BLOCK + 11
    whole = pl.DataFrame({"i": np.arange(rows), "t": [f"r{number % 13}" for number in range(rows)]}).with_columns(
        gap=pl.when(pl.col("i") % 3 > 0).then(pl.col("i").cast(pl.Float64))
    )
    parts = pl.concat([whole[:cut], whole[cut:]], rechunk=False)
    assert parts.n_chunks() == 2
    assert content_hash(parts) == content_hash(whole)


def test_a_slice_hashes_like_a_frame_of_its_own() -> None:
    """What lies in memory around a slice does not enter its hash."""
    assert content_hash(frame()[1:3]) == content_hash(frame().filter(pl.Series([False, True, True, False])))


@pytest.mark.parametrize(
    "changed",
    [
        frame().rename({"close": "closes"}),
        frame().reverse(),
        frame().select(pl.col("close"), pl.exclude("close")),
        frame().drop("is_open"),
        frame().head(3),
        frame().with_columns(pl.col("volume").cast(pl.Int32)),
        frame().with_columns(pl.col("volume").fill_null(0)),
        frame().with_columns(pl.col("symbol").fill_null("")),
        frame().with_columns(pl.col("is_open").fill_null(value=False)),
        frame().with_columns(pl.col("date").fill_null(date(1970, 1, 1))),
        frame().with_columns(pl.col("close") + 1e-15),
        frame().with_columns(pl.col("at").dt.cast_time_unit("ms")),
        frame().with_columns(pl.col("at").dt.convert_time_zone("America/New_York")),
    ],
    ids=[
        "name of a column",
        "order of rows",
        "order of columns",
        "a column less",
        "a row less",
        "type",
        "null to 0",
        "null to empty text",
        "null to false",
        "null to the first day",
        "last digit",
        "unit of an instant",
        "zone of an instant",
    ],
)
def test_every_change_of_content_changes_the_hash(changed: pl.DataFrame) -> None:
    """Names, types, order, nulls and values all count."""
    assert content_hash(changed) != content_hash(frame())


def test_texts_cannot_flow_into_each_other() -> None:
    """'ab','c' differs from 'a','bc': lengths are hashed too."""
    assert content_hash(pl.DataFrame({"t": ["ab", "c"]})) != content_hash(pl.DataFrame({"t": ["a", "bc"]}))


def test_every_nan_is_the_same_nan() -> None:
    """A NaN with another bit pattern is the same value."""
    other = np.array([0x7FF8000000000001], dtype=np.uint64).view(np.float64)
    assert content_hash(pl.DataFrame({"x": other})) == content_hash(pl.DataFrame({"x": [float("nan")]}))


def test_empty_frames_have_a_hash_of_their_columns() -> None:
    """No rows is content too, and differs by its columns."""
    empty = frame().head(0)
    assert content_hash(empty) == content_hash(frame().clear())
    assert content_hash(empty) != content_hash(pl.DataFrame())


def test_a_type_the_raw_layer_does_not_know_is_refused() -> None:
    """A list column names itself and the types that work."""
    with pytest.raises(ContractError, match=r"column 'parts': expected a type of .*text.*, got List"):
        content_hash(pl.DataFrame({"parts": [[1, 2]]}))


def test_ten_million_rows_are_hashed_in_seconds() -> None:
    """A million rows of text and numbers take well under two seconds, so ten million take seconds."""
    rows = 1_000_000
    large = pl.DataFrame({"close": np.random.default_rng(1).normal(size=rows), "row": np.arange(rows)}).with_columns(
        symbol=pl.format("S{}", pl.col("row") % 500)
    )
    start = time.perf_counter()
    content_hash(large)
    assert time.perf_counter() - start < 2.0
