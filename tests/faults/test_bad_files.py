"""Bad price files are refused by name; unusual ones that can be read give the same results as the plain form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from flows.ad_hoc import AdHocStudy
from pipelines.errors import SourceError, SourceFormatError
from tests.faults.studies import assert_same_results, clean_prices, ledger, quarantine, study
from tests.generated_prices import MARKET, write
from tests.running import reaction_here

ALL_PAIRS = [("e1", "AAA"), ("e1", "BBB"), ("e2", "AAA")]
HEADER = "symbol,date,open,high,low,close,adj_close,volume\n"

BAD_TYPES: dict[str, tuple[str, pl.Expr, str]] = {
    "lists": ("adj_close", pl.concat_list("close"), r"'adj_close' should hold numbers, but its type is List"),
    "booleans": ("close", pl.col("close") > 0, r"'close' should hold numbers, but its type is Boolean"),
    "bytes": ("volume", pl.lit(b"1"), r"'volume' should hold numbers, but its type is Binary"),
    "boolean dates": ("date", pl.col("close") > 0, r"'date' should hold a date, but its type is Boolean"),
    "symbols in lists": ("symbol", pl.concat_list("symbol"), r"'symbol' should hold tickers, but its type is List"),
}

BAD_FILES: dict[str, tuple[str, bytes, str]] = {
    "empty": ("prices.csv", b"", r"prices\.csv: the file is empty"),
    "blank lines": ("prices.csv", b"\n\n\n", r"prices\.csv: the file is empty"),
    "header alone": ("prices.csv", HEADER.encode(), r"prices\.csv: the file has a header and no rows"),
    "empty Parquet": ("prices.parquet", b"", r"prices\.parquet: cannot be read as Parquet"),
    "garbage Parquet": ("prices.parquet", bytes(range(256)) * 20, r"prices\.parquet: cannot be read as Parquet"),
    "binary CSV": ("prices.csv", np.random.default_rng(1).bytes(5000), r"prices\.csv: cannot be read as CSV"),
    "not gzip": ("prices.csv.gz", b"no gzip at all", r"prices\.csv\.gz"),
    "too many cells": (
        "prices.csv",
        f"{HEADER}A,2024-01-02,1,2,3,4,5,6,7,8\n".encode(),
        r"prices\.csv: cannot be read",
    ),
    "an ending nobody knows": ("prices.xlsx", b"PK", r"prices\.xlsx: expected a file that ends in \.csv"),
}


@pytest.mark.parametrize(("name", "content", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """A file without rows, or that is not what its name says, stops the study with an error that names it."""
    file = tmp_path / name
    file.write_bytes(content)

    with pytest.raises(SourceError, match=message):
        study(file, tmp_path)


@pytest.mark.parametrize("dropped", [["date"], ["close", "adj_close"]], ids=["date", "close"])
def test_a_missing_column_is_named_with_the_columns_found(tmp_path: Path, dropped: list[str]) -> None:
    """A file that lacks a column is refused: the error names the column, what the file has, and how to map one."""
    with pytest.raises(
        SourceFormatError, match=rf"expected a column {dropped[0]}.*'open', 'high'.*--column {dropped[0]}="
    ):
        study(clean_prices().drop(dropped), tmp_path)


@pytest.mark.parametrize(("column", "values", "message"), BAD_TYPES.values(), ids=BAD_TYPES)
def test_a_column_of_the_wrong_type_is_refused(tmp_path: Path, column: str, values: pl.Expr, message: str) -> None:
    """A Parquet column that cannot hold prices, dates or tickers stops the study; the error names it and its type."""
    with pytest.raises(SourceFormatError, match=message):
        study(clean_prices().with_columns(values.alias(column)), tmp_path)


def test_a_column_of_nulls_alone_is_read_as_missing(tmp_path: Path, clean: AdHocStudy) -> None:
    """A column that holds nothing has no type in Parquet; it counts as a column of missing values."""
    found = study(clean_prices().with_columns(pl.lit(None).alias("volume")), tmp_path)

    assert_same_results(found, clean, ALL_PAIRS)


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """A missing path is an error that names it, and exit code 1 without a traceback."""
    events = tmp_path / "events.csv"
    events.write_text("event_id,symbol,event_date\ne1,AAA,2024-01-29\n")
    finished = reaction_here(
        "study", "--prices", tmp_path / "nowhere.csv", "--events", events, "--benchmark", MARKET, home=tmp_path / "home"
    )

    assert finished.code == 1
    assert finished.err == f"error: {tmp_path / 'nowhere.csv'}: there is no such file or folder\n"


def test_one_bad_file_in_a_folder_stops_the_study(tmp_path: Path) -> None:
    """A folder is read whole or not at all: a file of it that cannot be read is named, not passed over."""
    write(clean_prices(), tmp_path / "dump" / "good.parquet")
    (tmp_path / "dump" / "torn.parquet").write_bytes(b"PAR1 and then nothing")

    with pytest.raises(SourceError, match=r"torn\.parquet: cannot be read as Parquet"):
        study(tmp_path / "dump", tmp_path)


def test_a_folder_without_a_table_is_refused(tmp_path: Path) -> None:
    """A folder that holds no table file is an error that says which endings count."""
    (tmp_path / "dump").mkdir()
    (tmp_path / "dump" / "readme.md").write_text("no table")

    with pytest.raises(SourceError, match=r"dump: the folder holds no file that ends in \.csv"):
        study(tmp_path / "dump", tmp_path)


def _one_file_per_symbol(prices: pl.DataFrame, folder: Path) -> Path:
    for (symbol,), rows in prices.partition_by("symbol", as_dict=True).items():
        write(rows.drop("symbol"), folder / "dump" / f"{symbol}.csv")
    return folder / "dump"


def _mixed_forms(prices: pl.DataFrame, folder: Path) -> Path:
    dump = folder / "dump"
    write(prices.filter(pl.col("symbol") == "AAA"), dump / "a.parquet")
    write(prices.filter(pl.col("symbol") == "BBB").pivot("symbol", index="date", values="adj_close"), dump / "b.csv")
    write(prices.filter(pl.col("symbol") == MARKET).drop("symbol"), dump / f"{MARKET}.csv")
    (dump / "notes.md").write_text("not a table")
    return dump


def _semicolons(prices: pl.DataFrame, folder: Path) -> Path:
    file = folder / "prices.csv"
    prices.write_csv(file, separator=";")
    return file


FORMS: dict[str, Callable[[pl.DataFrame, Path], Path]] = {
    "CSV": lambda prices, folder: write(prices, folder / "prices.csv"),
    "CSV with semicolons": _semicolons,
    "dates as YYYYMMDD numbers": lambda prices, folder: write(
        prices.with_columns(pl.col("date").dt.strftime("%Y%m%d").cast(pl.Int64)), folder / "prices.parquet"
    ),
    "dates as YYYYMMDD text": lambda prices, folder: write(
        prices.with_columns(pl.col("date").dt.strftime("%Y%m%d")), folder / "prices.csv"
    ),
    "wide CSV": lambda prices, folder: write(
        prices.pivot("symbol", index="date", values="adj_close"), folder / "prices.csv"
    ),
    "wide Parquet": lambda prices, folder: write(
        prices.pivot("symbol", index="date", values="adj_close"), folder / "prices.parquet"
    ),
    "one file per symbol": _one_file_per_symbol,
    "a folder of several forms": _mixed_forms,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_of_the_same_prices_gives_the_same_results(
    tmp_path: Path, clean: AdHocStudy, form: Callable[[pl.DataFrame, Path], Path]
) -> None:
    """CSV or Parquet, long, wide or one file per symbol, ISO dates or numbers: the results are the same."""
    found = study(form(clean_prices(), tmp_path), tmp_path)

    assert quarantine(found) == []
    assert_same_results(found, clean, ALL_PAIRS)


def test_columns_can_be_mapped(tmp_path: Path, clean: AdHocStudy) -> None:
    """Columns under any name are read once they are mapped."""
    theirs = clean_prices().drop("close").rename({"adj_close": "PRC", "symbol": "TIC", "date": "caldt"})
    mapping = {"adj_close": "PRC", "symbol": "TIC", "date": "caldt"}

    assert_same_results(study(theirs, tmp_path, columns=mapping), clean, ALL_PAIRS)


def test_a_mapping_to_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A mapping that names a column the file does not have is an error that shows the file's columns."""
    with pytest.raises(SourceFormatError, match=r"the mapped columns \['PRC'\] are not in the file; it has \['symbol'"):
        study(clean_prices(), tmp_path, columns={"close": "PRC"})


def test_a_mapping_of_a_name_we_do_not_have_is_refused(tmp_path: Path) -> None:
    """A mapping of an unknown name of ours is an error that lists the names there are."""
    with pytest.raises(SourceFormatError, match=r"expected our names \('symbol', 'date'.*got \['price'\]"):
        study(clean_prices(), tmp_path, columns={"price": "close"})


WRONG_MAPPINGS = {
    "no equals sign": (["PRC"], "expected ours=theirs such as close=PRC, got 'PRC'"),
    "one of ours twice": (["close=PRC", "close=open"], "expected each column once, got close twice; keep one"),
    "one of theirs twice": (["close=PRC", "adj_close=PRC"], "expected each column once, got PRC twice; keep one"),
}


@pytest.mark.parametrize(("pairs", "message"), WRONG_MAPPINGS.values(), ids=WRONG_MAPPINGS)
def test_a_mapping_that_says_nothing_clear_is_a_usage_error(tmp_path: Path, pairs: list[str], message: str) -> None:
    """A mapping that cannot be read, or that names a column twice, is a wrong call: exit code 2 and one line."""
    options = [word for pair in pairs for word in ("--column", pair)]
    files = ("--prices", "p.csv", "--events", "e.csv", "--benchmark", MARKET)
    finished = reaction_here("study", *files, *options, home=tmp_path / "home")

    assert finished.code == 2
    assert finished.err == f"error: --column: {message}\n"


def test_a_file_in_the_wrong_layout_excludes_what_it_does_not_price(tmp_path: Path) -> None:
    """A symbol that the files do not hold is excluded with that reason, and the others are used."""
    found = study(clean_prices().filter(pl.col("symbol") != "BBB"), tmp_path)

    assert ledger(found)["e1", "BBB"] == ("excluded", "BBB has no prices in this source")
    assert ledger(found)["e1", "AAA"][0] == "used"
