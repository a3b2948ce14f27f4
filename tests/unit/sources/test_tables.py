"""Table files that cannot be read: the message names the file and says what was expected."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import SourceError, SourceFormatError
from pipelines.sources.tables import expand, read_table, stem


def written(path: Path, content: bytes) -> Path:
    """Write a file and return its path."""
    path.write_bytes(content)
    return path


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    """A path that does not exist is named."""
    with pytest.raises(SourceError, match=r"nowhere: there is no such file or folder"):
        expand([tmp_path / "nowhere"])


def test_a_folder_without_tables_is_named(tmp_path: Path) -> None:
    """A folder without a single table file is refused with the endings that count."""
    written(tmp_path / "notes.md", b"text")
    with pytest.raises(SourceError, match=r"the folder holds no file that ends in \.csv, .*\.parquet"):
        expand([tmp_path])


def test_files_come_once_and_in_the_order_of_names(tmp_path: Path) -> None:
    """A folder gives its files by name, to the bottom, and a file named twice or reached by a link counts once."""
    (tmp_path / "sub").mkdir()
    files = [written(tmp_path / name, b"x") for name in ("a.csv", "b.TSV", "sub/c.pq")]
    (tmp_path / "z.csv").symlink_to(files[0])
    assert expand([tmp_path, files[0]]) == files


@pytest.mark.parametrize(("name", "got"), [("prices.xlsx", r"'\.xlsx'"), ("prices", "'no ending'")])
def test_an_unknown_ending_is_refused(tmp_path: Path, name: str, got: str) -> None:
    """A file whose ending is no table's is refused before it is read."""
    with pytest.raises(SourceError, match=rf"{name}: expected a file that ends in \.csv, .*, got {got}"):
        read_table(written(tmp_path / name, b"date,close\n2025-01-27,1\n"))


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    """A file of no bytes lacks even a header."""
    with pytest.raises(SourceFormatError, match=rf"{name}: the file is empty; expected a header line"):
        read_table(written(tmp_path / name, b""))


def test_an_empty_gzipped_file_is_refused(tmp_path: Path) -> None:
    """A gzipped file of nothing is empty, too."""
    with pytest.raises(SourceFormatError, match=r"a\.csv\.gz: the file is empty"):
        read_table(written(tmp_path / "a.csv.gz", gzip.compress(b"")))


def test_a_header_alone_is_refused(tmp_path: Path) -> None:
    """A header without rows is no data, in text and in Parquet."""
    pl.DataFrame(schema={"date": pl.Date, "close": pl.Float64}).write_parquet(tmp_path / "a.parquet")
    for file in (written(tmp_path / "a.csv", b"date,close\n"), tmp_path / "a.parquet"):
        with pytest.raises(SourceFormatError, match=rf"{file.name}: the file has a header and no rows"):
            read_table(file)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"date,close\n2025-01-27,1\n", bytes(range(256)) * 8])
def test_parquet_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that ends in .parquet and is none is named, with a message of one line."""
    with pytest.raises(SourceError, match=r"a\.parquet: (cannot be read as Parquet: .+|the file is empty)") as raised:
        read_table(written(tmp_path / "a.parquet", content))
    assert len(str(raised.value).splitlines()) == 1


def test_parquet_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    """Half of a Parquet file cannot be read."""
    pl.DataFrame({"close": [1.0] * 1000}).write_parquet(tmp_path / "whole.parquet")
    half = (tmp_path / "whole.parquet").read_bytes()[:-20]
    with pytest.raises(SourceError, match=r"cut\.parquet: cannot be read as Parquet: .+"):
        read_table(written(tmp_path / "cut.parquet", half))


@pytest.mark.parametrize("content", [b"date,close\n\xff\xfe\x80,\x81\n", b"date,close\n2025-01-27,1\n\x80,2\n"])
def test_text_that_is_not_utf_8_is_refused(tmp_path: Path, content: bytes) -> None:
    """A binary file that ends in .csv is named."""
    with pytest.raises(SourceError, match=r"a\.csv: cannot be read as CSV: .+"):
        read_table(written(tmp_path / "a.csv", content))


@pytest.mark.parametrize("content", [b"date,close\n2025-01-27,1\n", gzip.compress(b"date,close\n" * 99, mtime=0)[:-12]])
def test_gzip_that_is_none_or_cut_off_is_refused(tmp_path: Path, content: bytes) -> None:
    """A plain file called .gz, and a gzipped one cut off, are named."""
    with pytest.raises(SourceError, match=r"a\.csv\.gz: cannot be read as CSV: .+"):
        read_table(written(tmp_path / "a.csv.gz", content))


def test_every_cell_of_a_text_file_is_text(tmp_path: Path) -> None:
    """Nothing is guessed: 007 keeps its zeros, NA stays a word (it is a ticker, too), and an empty cell is null."""
    frame = read_table(written(tmp_path / "a.csv", b"a,b\n007,NA\n1e5,\n"))
    assert frame.rows() == [("007", "NA"), ("1e5", None)]
    assert set(frame.dtypes) == {pl.String()}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("A.csv", "A"),
        ("000660.KS.csv.gz", "000660.KS"),
        ("BRK.B.PARQUET", "BRK.B"),
        (".csv", ".csv"),
        (".csv.gz", ".csv"),
        ("A", "A"),
    ],
)
def test_a_stem_keeps_the_dots_of_a_symbol(name: str, expected: str) -> None:
    """Only the endings of table files are taken off a name."""
    assert stem(Path(name)) == expected


def closes(_: object) -> list[str]:
    """Name the column of numbers."""
    return ["close"]


@pytest.mark.parametrize("cells", [["1.5", "2", "1e308", "-0.1", "", "0.1"], ["nan", "inf", "-inf", "7", "8", "9"]])
def test_a_column_of_numbers_is_read_at_once_as_its_cells_are(tmp_path: Path, cells: list[str]) -> None:
    """Each number is, bit for bit, what its text is by itself; the other columns stay text."""
    file = tmp_path / "prices.csv"
    file.write_text("symbol,close\n" + "".join(f"007,{cell}\n" for cell in cells))
    found = read_table(file, closes)
    assert found.schema == {"symbol": pl.String, "close": pl.Float64}
    one_by_one = read_table(file)["close"].cast(pl.Float64)
    assert found["close"].to_numpy().tobytes() == one_by_one.to_numpy().tobytes()
    assert found["symbol"].to_list() == ["007"] * 6


@pytest.mark.parametrize("cell", ["NA", "n/a", "1,5", "12a", "."])
def test_a_column_with_a_cell_that_is_no_number_stays_text(tmp_path: Path, cell: str) -> None:
    """Then each cell is looked at by itself, and what cannot be read is kept."""
    file = tmp_path / "prices.csv"
    file.write_text(f'symbol,close\nAAA,1.0\nAAA,"{cell}"\n')
    found = read_table(file, closes)
    assert found["close"].to_list() == ["1.0", cell]
