"""A user's price files: layouts, names of columns, dates, and cells that cannot be read."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest

from pipelines.contracts import FILES_PRICES
from pipelines.errors import SourceError, SourceFormatError
from pipelines.sources.batch import RawBatch, content_hash
from pipelines.sources.files_prices import FilesRequest, fetch

NOW = datetime(2025, 3, 1, tzinfo=UTC)
MONDAY, TUESDAY = date(2025, 1, 27), date(2025, 1, 28)
LONG = "symbol,date,close\nAAA,2025-01-27,10\nBBB,2025-01-27,20\nAAA,2025-01-28,11\nBBB,2025-01-28,21\n"
WIDE = "date,NVDA,LOW\n2025-01-27,10,20\n2025-01-28,11,\n"


def read(
    *paths: Path,
    columns: Mapping[str, str] | None = None,
    layout: Literal["auto", "long", "wide"] = "auto",
    date_format: str | None = None,
) -> list[RawBatch]:
    """Read the files."""
    return fetch(FilesRequest(paths, columns or {}, layout, date_format), NOW)


def one(batches: list[RawBatch]) -> pl.DataFrame:
    """Return the frame of the only batch."""
    assert len(batches) == 1
    return batches[0].frame


def written(path: Path, text: str) -> Path:
    """Write a text file and return its path."""
    path.write_text(text, encoding="utf-8")
    return path


def unreadable(frame: pl.DataFrame) -> list[dict[str, str] | None]:
    """Return the cells that could not be read, row by row."""
    rows: list[dict[str, Any] | None] = [text and json.loads(text) for text in frame["unreadable"]]
    return [row and {name: cell for name, cell in row.items() if cell is not None} for row in rows]


def test_each_symbol_is_one_batch_in_the_order_of_the_file(tmp_path: Path) -> None:
    """A long file gives one batch per symbol, in the order of first sight, rows numbered from 0."""
    batches = read(written(tmp_path / "prices.csv", LONG))
    assert [batch.object for batch in batches] == ["AAA", "BBB"]
    assert [batch.frame["row_number"].to_list() for batch in batches] == [[0, 1], [0, 1]]
    assert [batch.frame["close"].to_list() for batch in batches] == [[10.0, 11.0], [20.0, 21.0]]
    assert {(batch.source, batch.url, batch.fetched_at) for batch in batches} == {("files_prices", "prices.csv", NOW)}


def test_the_order_of_symbols_is_the_file_s_and_not_the_alphabet(tmp_path: Path) -> None:
    """A file that starts with ZZZ gives ZZZ first."""
    batches = read(written(tmp_path / "p.csv", "symbol,date,close\nZZZ,2025-01-27,1\nAAA,2025-01-27,2\n"))
    assert [batch.object for batch in batches] == ["ZZZ", "AAA"]


def test_a_batch_has_the_columns_and_types_of_its_contract(tmp_path: Path) -> None:
    """A batch's columns are the raw table's in its order, except batch_id; what the file lacks is null."""
    frame = read(written(tmp_path / "prices.csv", LONG))[0].frame
    assert frame.columns == [name for name in FILES_PRICES.names if name != "batch_id"]
    types = {name: FILES_PRICES.column(name).polars for name in frame.columns if name != "row_number"}
    assert {name: frame.schema[name] for name in types} == types
    assert frame["volume"].to_list() == [None, None]
    assert frame["file"].unique().to_list() == ["prices.csv"]


def test_parquet_gives_what_csv_gives(tmp_path: Path) -> None:
    """The same prices with Parquet's own types give the same rows as text."""
    rows = {"symbol": ["AAA", "AAA"], "date": [MONDAY, TUESDAY], "close": [10.5, None], "volume": [100, 200]}
    pl.DataFrame(rows).write_parquet(tmp_path / "prices.parquet")
    text = written(tmp_path / "prices.csv", "symbol,date,close,volume\nAAA,2025-01-27,10.5,100\nAAA,2025-01-28,,200\n")
    parquet, csv = one(read(tmp_path / "prices.parquet")), one(read(text))
    assert parquet.drop("file").equals(csv.drop("file"))
    assert parquet["volume"].to_list() == [100.0, 200.0]


def test_a_folder_is_read_to_the_bottom(tmp_path: Path) -> None:
    """Every table file in a folder and below is read, in the order of names; other and hidden files are left."""
    (tmp_path / "deep").mkdir()
    written(tmp_path / "AAA.csv", "date,close\n2025-01-27,1\n")
    written(tmp_path / "deep" / "BBB.csv", "date,close\n2025-01-27,2\n")
    written(tmp_path / "notes.md", "no prices")
    written(tmp_path / ".hidden.csv", "date,close\n2025-01-27,3\n")
    assert [batch.object for batch in read(tmp_path)] == ["AAA", "BBB"]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    """A folder and a file in it do not double the file's rows."""
    file = written(tmp_path / "AAA.csv", "date,close\n2025-01-27,1\n")
    assert one(read(tmp_path, file)).height == 1


@pytest.mark.parametrize(
    ("name", "symbol"), [("nvda.csv", "NVDA"), ("000660.KS.csv", "000660.KS"), ("^gspc.txt", "^GSPC")]
)
def test_a_file_without_symbols_is_named_for_its_symbol(tmp_path: Path, name: str, symbol: str) -> None:
    """Without a column of symbols the file's name in capitals is the symbol."""
    batches = read(written(tmp_path / name, "date,close\n2025-01-27,1\n"))
    assert [batch.object for batch in batches] == [symbol]
    assert one(batches)["symbol"].to_list() == [symbol]


def test_a_gzipped_file_reads_like_a_plain_one(tmp_path: Path) -> None:
    """Both endings of .csv.gz are no part of the symbol, and the rows are those of the plain file."""
    text = "date,close\n2025-01-27,10\n"
    (tmp_path / "AAA.csv.gz").write_bytes(gzip.compress(text.encode()))
    zipped = read(tmp_path / "AAA.csv.gz")
    plain = read(written(tmp_path / "AAA.csv", text))
    assert [batch.object for batch in zipped] == ["AAA"]
    assert one(zipped).drop("file").equals(one(plain).drop("file"))


def test_one_symbol_in_two_files_is_one_batch(tmp_path: Path) -> None:
    """Rows of one symbol from several files share a batch, each with the name of its file."""
    first = written(tmp_path / "2024.csv", "symbol,date,close\nAAA,2024-12-31,1\n")
    second = written(tmp_path / "2025.csv", "symbol,date,close\nAAA,2025-01-02,2\n")
    batches = read(first, second)
    assert one(batches)["file"].to_list() == ["2024.csv", "2025.csv"]
    assert one(batches)["row_number"].to_list() == [0, 1]
    assert batches[0].url == "2024.csv, 2025.csv"


def test_many_files_of_one_symbol_are_counted_and_not_listed(tmp_path: Path) -> None:
    """A batch out of more than three files names three and counts the rest."""
    files = [
        written(tmp_path / f"{year}.csv", f"symbol,date,close\nAAA,{year}-06-03,1\n") for year in range(2020, 2025)
    ]
    assert read(*files)[0].url == "2020.csv, 2021.csv, 2022.csv and 2 more files"


def test_a_wide_file_is_told_by_its_columns(tmp_path: Path) -> None:
    """A date and columns named for symbols are adjusted closes; an empty cell is no row. LOW is a symbol here."""
    batches = read(written(tmp_path / "panel.csv", WIDE))
    assert [batch.object for batch in batches] == ["NVDA", "LOW"]
    nvda, low = (batch.frame for batch in batches)
    assert nvda["adj_close"].to_list() == [10.0, 11.0]
    assert low.select("date", "adj_close").rows() == [(MONDAY, 20.0)]
    assert nvda["close"].to_list() == [None, None]


def test_a_wide_file_may_hold_symbols_that_look_like_columns(tmp_path: Path) -> None:
    """With the layout stated, columns called open, high, low and close are four symbols in the file's own case."""
    file = written(tmp_path / "panel.csv", "date,open,high,LOW,close\n2025-01-27,1,2,3,4\n")
    assert [batch.object for batch in read(file)] == ["PANEL"]
    assert [batch.object for batch in read(file, layout="wide")] == ["open", "high", "LOW", "close"]


def test_a_wide_file_in_parquet(tmp_path: Path) -> None:
    """A wide Parquet file gives one batch per column, without its nulls."""
    pl.DataFrame({"date": [MONDAY, TUESDAY], "AAA": [1.0, 2.0], "BBB": [None, 3.0]}).write_parquet(tmp_path / "p.pq")
    assert [batch.frame["adj_close"].to_list() for batch in read(tmp_path / "p.pq")] == [[1.0, 2.0], [3.0]]


def test_a_long_layout_can_be_forced(tmp_path: Path) -> None:
    """With the layout stated as long, a panel is a long file without a close."""
    with pytest.raises(SourceFormatError, match=r"panel\.csv: expected a column close or adj_close, got \['date'"):
        read(written(tmp_path / "panel.csv", WIDE), layout="long")


@pytest.mark.parametrize(
    "header",
    [
        "ticker,Date,Adj Close,Volume",
        "TICKER,session_date,adjclose,VOL",
        "<TICKER>,<DATE>,<ADJ-CLOSE>,<VOL>",
        " Symbol ,DATE,Adjusted Close,volume",
    ],
)
def test_usual_other_names_are_known(tmp_path: Path, header: str) -> None:
    """Case, spaces, dashes and angle brackets do not matter, and the usual other names are known."""
    frame = one(read(written(tmp_path / "prices.csv", f"{header}\nAAA,2025-01-27,10,5\n")))
    assert frame.select("symbol", "date", "adj_close", "volume").rows() == [("AAA", MONDAY, 10.0, 5.0)]


def test_our_own_name_goes_before_another_one(tmp_path: Path) -> None:
    """A column symbol is read before a column ticker, wherever it stands."""
    file = written(tmp_path / "p.csv", "ticker,symbol,date,close\nwrong,AAA,2025-01-27,1\n")
    assert [batch.object for batch in read(file)] == ["AAA"]


def test_columns_are_mapped_by_name(tmp_path: Path) -> None:
    """A mapping names any column, and goes before a column that has our name."""
    file = written(tmp_path / "p.csv", "TICK,when,PRC,close\nAAA,2025-01-27,10,99\n")
    frame = one(read(file, columns={"symbol": "TICK", "date": "when", "close": "PRC"}))
    assert frame.select("symbol", "date", "close").rows() == [("AAA", MONDAY, 10.0)]


def test_a_mapping_must_have_our_name_on_the_left(tmp_path: Path) -> None:
    """A mapping of a name that is not ours is refused with the names that are."""
    with pytest.raises(SourceFormatError, match=r"columns: expected our names .*'adj_close'.* got \['price'\]"):
        read(written(tmp_path / "p.csv", LONG), columns={"price": "close"})


def test_a_mapped_column_must_be_in_the_file(tmp_path: Path) -> None:
    """A mapping to a column the file lacks is refused with the columns that it has."""
    expected = r"p\.csv: the mapped columns \['PRC'\] are not in the file; it has \['symbol', 'date', 'close'\]"
    with pytest.raises(SourceFormatError, match=expected):
        read(written(tmp_path / "p.csv", LONG), columns={"close": "PRC"})


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-27",
        "20250127",
        "2025-01-27 16:00:00",
        "2025-01-27T16:00:00",
        "2025-01-27T16:00:00Z",
        "2025-01-27 00:00:00-05:00",
        "2025-01-27 23:30:00.000+0900",
        " 2025-01-27 ",
    ],
)
def test_dates_in_text(tmp_path: Path, text: str) -> None:
    """ISO dates, YYYYMMDD and instants are read; an instant counts for the day in the zone it is written in."""
    frame = one(read(written(tmp_path / "AAA.csv", f"date,close\n{text},1\n")))
    assert frame["date"].to_list() == [MONDAY]
    assert frame["unreadable"].to_list() == [None]


@pytest.mark.parametrize(
    "cells",
    [
        pl.Series([20250127], dtype=pl.Int32),
        pl.Series([20250127], dtype=pl.Int64),
        pl.Series([MONDAY]),
        pl.Series([datetime(2025, 1, 27, 23, 59)]),  # noqa: DTZ001
        pl.Series(["2025-01-27"]),
        pl.Series([datetime(2025, 1, 27, 12, tzinfo=UTC)]).dt.convert_time_zone("Asia/Tokyo"),
    ],
    ids=["int32", "int64", "date", "naive", "text", "tokyo"],
)
def test_dates_with_a_type(tmp_path: Path, cells: pl.Series) -> None:
    """Whole numbers YYYYMMDD, dates and instants are read from Parquet."""
    pl.DataFrame({"date": cells, "close": [1.0]}).write_parquet(tmp_path / "AAA.parquet")
    assert one(read(tmp_path / "AAA.parquet"))["date"].to_list() == [MONDAY]


def test_an_instant_is_the_day_on_the_clock_of_its_zone(tmp_path: Path) -> None:
    """00:30 on Tuesday in Seoul is Tuesday, though it is Monday in UTC."""
    at = pl.Series([datetime(2025, 1, 28, 0, 30, tzinfo=timezone(timedelta(hours=9)))]).dt.convert_time_zone(
        "Asia/Seoul"
    )
    pl.DataFrame({"date": at, "close": [1.0]}).write_parquet(tmp_path / "A.parquet")
    assert one(read(tmp_path / "A.parquet"))["date"].to_list() == [TUESDAY]


def test_a_date_format_can_be_stated(tmp_path: Path) -> None:
    """A stated format reads its dates, and no other."""
    file = written(tmp_path / "AAA.csv", "date,close\n28/01/2025,1\n2025-01-28,2\n")
    frame = one(read(file, date_format="%d/%m/%Y"))
    assert frame["date"].to_list() == [TUESDAY, None]
    assert unreadable(frame) == [None, {"date": "2025-01-28"}]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_the_mark_between_columns_is_found(tmp_path: Path, mark: str) -> None:
    """Semicolons, tabs and bars separate columns as commas do."""
    batches = read(written(tmp_path / "p.csv", LONG.replace(",", mark)))
    assert [batch.frame["close"].to_list() for batch in batches] == [[10.0, 11.0], [20.0, 21.0]]


def test_a_cell_that_cannot_be_read_stands_as_text(tmp_path: Path) -> None:
    """A bad cell is null and stands in `unreadable` under its column; the row's other cells keep their values."""
    text = "symbol,date,open,close,volume\nAAA,31.12.2024,9,ten,100\nAAA,2025-01-27,9.5,10,1e3\n"
    frame = one(read(written(tmp_path / "p.csv", text)))
    assert frame.select("date", "open", "close", "volume").rows() == [
        (None, 9.0, None, 100.0),
        (MONDAY, 9.5, 10.0, 1000.0),
    ]
    assert unreadable(frame) == [{"date": "31.12.2024", "close": "ten"}, None]


@pytest.mark.parametrize("word", ["", "NA", "N/A", "null", "NULL", "."])
def test_words_for_nothing_are_null(tmp_path: Path, word: str) -> None:
    """An empty cell and the usual words for one are null, not unreadable."""
    frame = one(read(written(tmp_path / "AAA.csv", f"date,close,volume\n2025-01-27,1,{word}\n")))
    assert frame["volume"].to_list() == [None]
    assert frame["unreadable"].to_list() == [None]


def test_a_ticker_may_be_a_word_for_nothing(tmp_path: Path) -> None:
    """NA is a ticker in the column of symbols, and a missing price in the others."""
    (batch,) = read(written(tmp_path / "p.csv", "symbol,date,close\nNA,2025-01-27,NA\n"))
    assert batch.object == "NA"
    assert batch.frame.select("symbol", "close", "unreadable").rows() == [("NA", None, None)]


def test_words_for_nothing_in_a_wide_file_are_no_rows(tmp_path: Path) -> None:
    """A wide file's cell that holds a word for nothing is no row, as an empty one."""
    batches = read(written(tmp_path / "p.csv", "date,AAA,BBB\n2025-01-27,1,NA\n2025-01-28,.,2\n"))
    assert [batch.frame.select("date", "adj_close").rows() for batch in batches] == [[(MONDAY, 1.0)], [(TUESDAY, 2.0)]]


def test_nan_is_kept_for_the_rules_to_judge(tmp_path: Path) -> None:
    """NaN in Parquet and the word NaN in text stay NaN: a number that is no price is not a missing one."""
    pl.DataFrame({"date": [MONDAY], "close": [math.nan]}).write_parquet(tmp_path / "AAA.parquet")
    text = written(tmp_path / "BBB.csv", "date,close\n2025-01-27,NaN\n")
    for batch in read(tmp_path / "AAA.parquet", text):
        assert batch.frame["close"].is_nan().to_list() == [True]
        assert batch.frame["unreadable"].to_list() == [None]


def test_rows_without_a_symbol_are_kept(tmp_path: Path) -> None:
    """Rows whose symbol is empty are a batch of their own, so that they can be quarantined."""
    batches = read(written(tmp_path / "p.csv", "symbol,date,close\nAAA,2025-01-27,1\n  ,2025-01-27,2\n"))
    assert [batch.object for batch in batches] == ["AAA", "(no symbol)"]
    assert batches[1].frame["symbol"].to_list() == [None]


def test_a_symbol_s_hash_does_not_know_the_other_symbols(tmp_path: Path) -> None:
    """A changed, added or earlier symbol in the file leaves the content hash of the others as it was."""
    before = read(written(tmp_path / "p.csv", LONG))
    more = LONG.replace("BBB,2025-01-27,20", "CCC,2025-01-27,5\nBBB,2025-01-27,22")
    after = read(written(tmp_path / "p.csv", more))
    first, second = ({b.object: content_hash(b.frame) for b in batches} for batches in (before, after))
    assert first["AAA"] == second["AAA"]
    assert first["BBB"] != second["BBB"]
    assert set(second) == {"AAA", "BBB", "CCC"}


def test_a_file_without_dates_is_refused(tmp_path: Path) -> None:
    """Without a date the message names the file, what it has and how to name the column."""
    expected = r"p\.csv: expected a column date, got \['symbol', 'day', 'close'\]; name it with --column date="
    with pytest.raises(SourceFormatError, match=expected):
        read(written(tmp_path / "p.csv", "symbol,day,close\nAAA,2025-01-27,1\n"))


@pytest.mark.parametrize("header", ["symbol,date,open", "date,open,high,low"])
def test_a_long_file_without_a_close_is_refused(tmp_path: Path, header: str) -> None:
    """A file with symbols or bars but neither close nor adj_close is a long one that lacks it."""
    row = ",".join(["AAA", "2025-01-27", "1", "1"][-len(header.split(",")) :])
    with pytest.raises(SourceFormatError, match=r"expected a column close or adj_close.*--column close=THEIR_NAME"):
        read(written(tmp_path / "p.csv", f"{header}\n{row}\n"))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"date": [MONDAY], "close": [[1.0]]}, r"column 'close' should hold numbers, but its type is List\(Float64\)"),
        ({"date": [MONDAY], "close": [True]}, "column 'close' should hold numbers, but its type is Boolean"),
        ({"date": [1.5], "close": [1.0]}, "column 'date' should hold a date, but its type is Float64"),
        ({"date": [True], "close": [1.0]}, "column 'date' should hold a date, but its type is Boolean"),
        ({"date": [MONDAY], "symbol": [1.5], "close": [1.0]}, "column 'symbol' should hold tickers, .* Float64"),
        ({"date": [MONDAY], "AAA": [[1.0]]}, r"column 'AAA' should hold numbers, but its type is List\(Float64\)"),
        ({"date": [MONDAY], "AAA": [False]}, "column 'AAA' should hold numbers, but its type is Boolean"),
    ],
    ids=["list", "bool", "date-float", "date-bool", "symbol-float", "wide-list", "wide-bool"],
)
def test_a_column_of_the_wrong_type_is_refused(tmp_path: Path, columns: dict[str, list[Any]], said: str) -> None:
    """A Parquet column whose type cannot hold what its name says is refused, by file, column and type."""
    pl.DataFrame(columns).write_parquet(tmp_path / "p.parquet")
    with pytest.raises(SourceFormatError, match=rf"p\.parquet: {said}"):
        read(tmp_path / "p.parquet")


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """A missing path stops the read before any file is looked at."""
    with pytest.raises(SourceError, match=r"absent\.csv: there is no such file or folder"):
        read(written(tmp_path / "p.csv", LONG), tmp_path / "absent.csv")


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    """A binary file called .csv is refused by name, whether its header or its cells are not UTF-8."""
    (tmp_path / "a.csv").write_bytes(b"\x80\x81,\xff\n1,2\n")
    (tmp_path / "b.csv").write_bytes(b"date,close\n\xff\xfe,1\n")
    with pytest.raises(SourceFormatError, match=r"a\.csv: expected a column date, got "):
        read(tmp_path / "a.csv")
    with pytest.raises(SourceError, match=r"b\.csv: cannot be read as CSV: .+"):
        read(tmp_path / "b.csv")


def test_a_file_called_by_its_endings_alone_is_read(tmp_path: Path) -> None:
    """A file called .csv.gz, named by its path, has no name to take for a symbol and is still read."""
    (tmp_path / ".csv.gz").write_bytes(gzip.compress(b"date,close\n2025-01-27,1\n"))
    assert [batch.object for batch in read(tmp_path / ".csv.gz")] == [".CSV"]
