"""The seeds on symbols and restatements: what they say, and how a bad row is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.errors import ConfigurationError
from pipelines.home import SEEDS
from pipelines.identity import ACCEPTED_FILE, SYMBOLS_FILE, Exceptions, read_exceptions

SYMBOLS = "symbol,security_id,first_date,last_date,reason,share_class,issuer,evidence\n"
ACCEPTED = "source,symbol,accepted_date,factor,reason,evidence\n"


def read(folder: Path, symbols: str = "", accepted: str = "") -> Exceptions:
    """Return what two files of such rows say."""
    (folder / SYMBOLS_FILE).write_text(SYMBOLS + symbols, "utf-8")
    (folder / ACCEPTED_FILE).write_text(ACCEPTED + accepted, "utf-8")
    return read_exceptions(folder)


def test_the_shipped_rows_are_valid_and_name_securities_by_the_day() -> None:
    """FB was Meta Platforms, META a fund before it was; nobody had META in the months between."""
    shipped = read_exceptions(SEEDS)
    held = [shipped.holder("META", date.fromisoformat(day)) for day in ("2021-10-28", "2022-03-01", "2022-06-09")]
    assert [period and period.security_id for period in held] == ["METV", None, "META"]
    assert shipped.successor("FB", date(2024, 1, 2)) == "META"
    assert shipped.successor("FB", date(2022, 6, 8)) is None
    assert shipped.successor("MLNX", date(2024, 1, 2)) is None


def test_an_accepted_factor_counts_for_one_source_and_symbol_from_its_day_on(tmp_path: Path) -> None:
    """Prices in another unit are rounded anew, so the factor is met to one percent."""
    found = read(tmp_path, accepted="yahoo,VOD.L,2024-06-10,0.01,pounds now,notice\n")
    day = date(2024, 6, 10)
    assert found.accepts("yahoo", "VOD.L", 0.010004, day) is not None
    refused = [("nasdaq", "VOD.L", 0.01, day), ("yahoo", "BP.L", 0.01, day), ("yahoo", "VOD.L", 100.0, day)]
    assert [found.accepts(*item) for item in [*refused, ("yahoo", "VOD.L", 0.01, date(2024, 6, 9))]] == [None] * 4


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("X,A,,2020-01-31,delisting,,,e\nX,B,2020-01-15,,reuse,,,e\n", "line 3: X names B from 2020-01-15 on, and by"),
        ("X,A,,,listing,,,e\nX,B,2020-01-15,,reuse,,,e\n", "let the earlier period end before the later one begins"),
        ("X,A,2020-01-15,,reuse,,,e\n", "line 2: a reuse needs a row of whom X named before"),
        ("X,A,,,merger,,,e\n", "line 2: reason: expected one of listing, rename, reuse, delisting, got 'merger'"),
        ("X,A,2021-01-01,2020-01-01,delisting,,,e\n", "first_date 2021-01-01 lies after last_date 2020-01-01"),
        ("X,A,01/02/2020,,listing,,,e\n", "first_date: expected a day such as 2022-06-09, got '01/02/2020'"),
        ("X,A,,,delisting,,,e\n", "line 2: a delisting needs the last_date"),
        ("X,A,,2020-01-01,listing,,,e\n", "A has no symbol after 2020-01-01; add the row of its new symbol"),
        ("Y,A,2020-01-02,,rename,,,e\n", "a rename needs the row of the symbol that A had before"),
        ("X,A,,,listing,A,,e\nY,A,,,listing,B,,e\n", "A is named by X and Y at once; share classes are securities"),
        ("X,,,,listing,,,e\n", "line 2: expected security_id, got nothing"),
        ("X,A,,,listing,,,\n", "line 2: expected evidence, got nothing"),
        ("X,A,,,listing,,Company, Inc.,e\n", "line 2: expected as many cells as the header has"),
        ("X,A,,,listing\n", "line 2: expected as many cells as the header has"),
    ],
)
def test_a_bad_row_of_symbols_is_refused_with_its_line(tmp_path: Path, rows: str, message: str) -> None:
    """The message says what was expected, what was got, and what to do."""
    with pytest.raises(ConfigurationError) as raised:
        read(tmp_path, rows)
    assert message in str(raised.value)
    assert SYMBOLS_FILE in str(raised.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("reuters,X,2024-06-10,0.01,r,e\n", "source: expected one of yahoo, nasdaq"),
        ("yahoo,X,,0.01,r,e\n", "expected accepted_date and a positive factor"),
        ("yahoo,X,2024-06-10,-1,r,e\n", "got '2024-06-10' and '-1'"),
        ("yahoo,X,2024-06-10,nan,r,e\n", "expected accepted_date and a positive factor"),
        ("yahoo,X,2024-06-10,pence,r,e\n", "got '2024-06-10' and 'pence'"),
    ],
)
def test_a_bad_row_of_restatements_is_refused_with_its_line(tmp_path: Path, row: str, message: str) -> None:
    """The message says what was expected, what was got, and what to do."""
    with pytest.raises(ConfigurationError) as raised:
        read(tmp_path, accepted=row)
    assert message in str(raised.value)
    assert f"{ACCEPTED_FILE}, line 2" in str(raised.value)


def test_a_file_with_other_columns_is_refused(tmp_path: Path) -> None:
    """A column that is misspelt must not be read as empty."""
    (tmp_path / SYMBOLS_FILE).write_text("symbol,id\nX,A\n", "utf-8")
    (tmp_path / ACCEPTED_FILE).write_text(ACCEPTED, "utf-8")
    with pytest.raises(ConfigurationError, match=r"expected the columns symbol,security_id,.*, got symbol,id"):
        read_exceptions(tmp_path)
