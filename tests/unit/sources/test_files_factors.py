"""A user's factor files: names of factors, dates, and cells that cannot be read."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.contracts import FILES_FACTORS
from pipelines.errors import SourceError, SourceFormatError
from pipelines.sources.batch import RawBatch, content_hash
from pipelines.sources.files_factors import OTHER_NAMES, FactorsRequest, factor_name, fetch

NOW = datetime(2025, 3, 1, tzinfo=UTC)
MONDAY, TUESDAY = date(2025, 1, 27), date(2025, 1, 28)
WIDE = "date,Mkt-RF,SMB,HML,RF\n20250127,-1.46,0.30,1.20,0.017\n20250128,0.92,-0.40,-0.55,0.017\n"


def read(*paths: Path, date_format: str | None = None) -> list[RawBatch]:
    """Read the files."""
    return fetch(FactorsRequest(paths, date_format), NOW)


def written(path: Path, text: str) -> Path:
    """Write a text file and return its path."""
    path.write_text(text, encoding="utf-8")
    return path


def one(batches: list[RawBatch]) -> pl.DataFrame:
    """Return the frame of the only batch."""
    assert len(batches) == 1
    return batches[0].frame


def values(batches: list[RawBatch]) -> dict[str, list[float | None]]:
    """Return the values by factor."""
    return {batch.object: batch.frame["value"].to_list() for batch in batches}


def unreadable(frame: pl.DataFrame) -> list[Mapping[str, str] | None]:
    """Return the cells that could not be read, row by row."""
    rows: list[dict[str, Any] | None] = [text and json.loads(text) for text in frame["unreadable"]]
    return [row and {name: cell for name, cell in row.items() if cell is not None} for row in rows]


def test_each_factor_is_one_batch_in_the_order_of_the_file(tmp_path: Path) -> None:
    """A file gives one batch per factor, in the order of its columns, rows numbered from 0, values as written."""
    batches = read(written(tmp_path / "ff3.csv", WIDE))
    assert values(batches) == {
        "mkt_rf": [-1.46, 0.92],
        "smb": [0.3, -0.4],
        "hml": [1.2, -0.55],
        "rf": [0.017, 0.017],
    }
    for batch in batches:
        assert (batch.source, batch.url, batch.fetched_at) == ("files_factors", "ff3.csv", NOW)
        assert batch.frame["row_number"].to_list() == [0, 1]
        assert batch.frame["factor_date"].to_list() == [MONDAY, TUESDAY]
        assert batch.frame["factor"].unique().to_list() == [batch.object]


def test_a_batch_has_the_columns_and_types_of_its_contract(tmp_path: Path) -> None:
    """A batch's columns are the raw table's in its order, except batch_id."""
    frame = read(written(tmp_path / "ff3.csv", WIDE))[0].frame
    expected = {name: dtype for name, dtype in FILES_FACTORS.polars_schema.items() if name != "batch_id"}
    assert dict(frame.schema) == expected


def test_no_files_are_no_batches() -> None:
    """A run without factor files reads none."""
    assert read() == []


@pytest.mark.parametrize(
    ("column", "factor"),
    [
        ("Mkt-RF", "mkt_rf"),
        ("mktrf", "mkt_rf"),
        ("MKT_RF", "mkt_rf"),
        ("Mkt.RF", "mkt_rf"),
        ("RMRF", "mkt_rf"),
        ("Rm-Rf", "mkt_rf"),
        ("SMB", "smb"),
        ("hml", "hml"),
        ("RMW", "rmw"),
        ("CMA", "cma"),
        ("Mom   ", "mom"),
        ("UMD", "mom"),
        ("WML", "mom"),
        ("Momentum", "mom"),
        (" RF", "rf"),
        ("QMJ (US)", "qmj_us"),
        ("10y-3m Spread", "10y_3m_spread"),
    ],
)
def test_factors_are_known_by_their_usual_names(column: str, factor: str) -> None:
    """Case, spaces and marks do not matter, the usual other names are known, and any other name is kept."""
    assert factor_name(column) == factor
    assert factor_name(factor) == factor


def test_no_other_name_is_one_of_ours() -> None:
    """The table of names leads to our names in one step."""
    assert not set(OTHER_NAMES) & set(OTHER_NAMES.values())


@pytest.mark.parametrize("name", ["date", "Date", "DATE ", "factor_date", "Factor Date", "session_date", ""])
def test_the_column_of_dates(tmp_path: Path, name: str) -> None:
    """A column of dates has one of three names in any case, or is the first one and has none."""
    batch = read(written(tmp_path / "f.csv", f"{name},SMB\n2025-01-27,1\n"))
    assert one(batch).select("factor_date", "factor", "value").rows() == [(MONDAY, "smb", 1.0)]


def test_parquet_gives_what_csv_gives(tmp_path: Path) -> None:
    """The same factors with Parquet's own types give the same rows as text."""
    pl.DataFrame({"date": [MONDAY, TUESDAY], "SMB": [0.5, None], "N": [1, 2]}).write_parquet(tmp_path / "f.parquet")
    parquet = read(tmp_path / "f.parquet")
    csv = read(written(tmp_path / "f.csv", "date,SMB,N\n2025-01-27,0.5,1\n2025-01-28,,2\n"))
    for one_of, other in zip(parquet, csv, strict=True):
        assert one_of.frame.drop("file").equals(other.frame.drop("file"))


def test_gzip_and_other_marks_between_columns(tmp_path: Path) -> None:
    """A gzipped file with semicolons reads like the plain one."""
    (tmp_path / "f.csv.gz").write_bytes(gzip.compress(WIDE.replace(",", ";").encode()))
    assert values(read(tmp_path / "f.csv.gz")) == values(read(written(tmp_path / "f.csv", WIDE)))


def test_several_files_make_one_table(tmp_path: Path) -> None:
    """Factors of several files stand side by side; one factor in two files is one batch that names both."""
    first = written(tmp_path / "ff3.csv", "date,SMB,RF\n2025-01-27,1,0\n")
    second = written(tmp_path / "mom.csv", "date,UMD,RF\n2025-01-28,2,0\n")
    batches = read(first, second)
    assert [(batch.object, batch.url) for batch in batches] == [
        ("smb", "ff3.csv"),
        ("rf", "ff3.csv, mom.csv"),
        ("mom", "mom.csv"),
    ]
    assert batches[1].frame.select("row_number", "factor_date").rows() == [(0, MONDAY), (1, TUESDAY)]
    assert values(read(tmp_path)) == values(batches)


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    """A folder and a file in it do not double the file's rows."""
    file = written(tmp_path / "f.csv", "date,SMB\n2025-01-27,1\n")
    assert one(read(tmp_path, file)).height == 1


@pytest.mark.parametrize(
    "text", ["2025-01-27", "20250127", " 20250127 ", "2025-01-27 00:00:00", "2025-01-27T00:00:00Z"]
)
def test_dates_in_text(tmp_path: Path, text: str) -> None:
    """ISO dates and YYYYMMDD are read."""
    frame = one(read(written(tmp_path / "f.csv", f"date,SMB\n{text},1\n")))
    assert frame["factor_date"].to_list() == [MONDAY]
    assert frame["unreadable"].to_list() == [None]


@pytest.mark.parametrize(
    "cells",
    [pl.Series([20250127], dtype=pl.Int32), pl.Series([MONDAY]), pl.Series([datetime(2025, 1, 27)])],  # noqa: DTZ001
    ids=["number", "date", "instant"],
)
def test_dates_with_a_type(tmp_path: Path, cells: pl.Series) -> None:
    """Whole numbers YYYYMMDD, dates and instants are read from Parquet."""
    pl.DataFrame({"date": cells, "SMB": [1.0]}).write_parquet(tmp_path / "f.parquet")
    assert one(read(tmp_path / "f.parquet"))["factor_date"].to_list() == [MONDAY]


def test_a_date_format_can_be_stated(tmp_path: Path) -> None:
    """A stated format reads its dates, and no other."""
    file = written(tmp_path / "f.csv", "date,SMB\n28/01/2025,1\n2025-01-28,2\n")
    frame = one(read(file, date_format="%d/%m/%Y"))
    assert frame["factor_date"].to_list() == [TUESDAY, None]
    assert unreadable(frame) == [None, {"date": "2025-01-28"}]


def test_a_cell_that_cannot_be_read_stands_as_text(tmp_path: Path) -> None:
    """A bad value costs its factor alone, a bad date each factor of the row."""
    smb, hml = read(written(tmp_path / "f.csv", "date,SMB,HML\n2025-01-27,ten,0.1\n202501,0.2,0.3\n"))
    assert smb.frame.select("factor_date", "value").rows() == [(MONDAY, None), (None, 0.2)]
    assert unreadable(smb.frame) == [{"value": "ten"}, {"date": "202501"}]
    assert unreadable(hml.frame) == [None, {"date": "202501"}]


@pytest.mark.parametrize("word", ["", "NA", "N/A", "null", "."])
def test_words_for_nothing_are_missing_returns(tmp_path: Path, word: str) -> None:
    """An empty cell is a row without a value: the date is known, its return is not."""
    frame = one(read(written(tmp_path / "f.csv", f"date,SMB\n2025-01-27,{word}\n2025-01-28,1\n")))
    assert frame.select("factor_date", "value", "unreadable").rows() == [(MONDAY, None, None), (TUESDAY, 1.0, None)]


def test_values_stand_as_they_are_written(tmp_path: Path) -> None:
    """Words for a missing return that are numbers, and what is no finite number, are left for the models to judge."""
    frame = one(read(written(tmp_path / "f.csv", "date,SMB\n20250127,  -99.99\n20250128,-999\n20250129,NaN\n")))
    assert frame["value"].to_list()[:2] == [-99.99, -999.0]
    assert math.isnan(frame["value"][2])
    assert frame["unreadable"].to_list() == [None, None, None]


def test_a_factor_s_hash_does_not_know_the_other_factors(tmp_path: Path) -> None:
    """A changed or added factor leaves the content hash of the others as it was."""
    before = read(written(tmp_path / "f.csv", "date,SMB,HML\n20250127,1,2\n"))
    after = read(written(tmp_path / "f.csv", "date,UMD,SMB,HML\n20250127,7,1,3\n"))
    first, second = ({b.object: content_hash(b.frame) for b in batches} for batches in (before, after))
    assert first["smb"] == second["smb"]
    assert first["hml"] != second["hml"]


REFUSED: dict[str, tuple[str, str]] = {
    "no date": ("day,SMB\n1,2\n", r"f\.csv: expected a column date or factor_date or .*, got \['day', 'SMB'\]; name"),
    "no factor": ("date\n2025-01-27\n", r"f\.csv: expected a column of returns per factor.* beside 'date', got no"),
    "two dates": ("date,Factor-Date,SMB\n1,2,3\n", r"expected one column of dates, got \['date', 'Factor-Date'\]"),
    "one factor twice": (
        "date,Mom,UMD\n1,2,3\n",
        r"f\.csv: expected one column per factor, got \['Mom', 'UMD'\].* mom",
    ),
    "one name twice": ("date,SMB,SMB\n1,2,3\n", r"expected one column per factor, got \['SMB', 'SMB_.*'\].* smb; keep"),
    "a column without a name": ("date,SMB,\n1,2,3\n", r"f\.csv: expected every column to be named, got \[''\]; name"),
    "empty": ("", r"f\.csv: the file is empty; expected a header line"),
    "header alone": ("date,SMB\n", r"f\.csv: the file has a header and no rows"),
    "text above the header": (
        "This file was made from the 202412 database.\n\n,Mkt-RF,RF\n20250127,1,0\n",
        r"f\.csv: cannot be read as CSV: .*; expected a header line, .*Delete lines of text before the header",
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_a_file_in_another_form_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """A file that is no table of dates and factors is refused: which file, what was expected, what was got."""
    with pytest.raises(SourceError, match=message):
        read(written(tmp_path / "f.csv", text))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"date": [MONDAY], "SMB": [[1.0]]}, r"column 'SMB' should hold numbers, but its type is List\(Float64\)"),
        ({"date": [MONDAY], "SMB": [True]}, "column 'SMB' should hold numbers, but its type is Boolean"),
        ({"date": [MONDAY], "SMB": [MONDAY]}, "column 'SMB' should hold numbers, but its type is Date"),
        ({"date": [1.5], "SMB": [1.0]}, "column 'date' should hold a date, but its type is Float64"),
    ],
    ids=["list", "bool", "date as a factor", "number as a date"],
)
def test_a_column_of_the_wrong_type_is_refused(tmp_path: Path, columns: dict[str, list[Any]], said: str) -> None:
    """A Parquet column whose type cannot hold what its name says is refused, by file, column and type."""
    pl.DataFrame(columns).write_parquet(tmp_path / "f.parquet")
    with pytest.raises(SourceFormatError, match=rf"f\.parquet: {said}"):
        read(tmp_path / "f.parquet")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A missing file, one that is no table, and garbage are named."""
    (tmp_path / "f.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(SourceError, match=r"f\.parquet: cannot be read as Parquet"):
        read(tmp_path / "f.parquet")
    with pytest.raises(SourceError, match=r"absent\.csv: there is no such file or folder"):
        read(tmp_path / "absent.csv")
    with pytest.raises(SourceError, match=r"f\.xlsx: expected a file that ends in \.csv"):
        read(written(tmp_path / "f.xlsx", "x"))
