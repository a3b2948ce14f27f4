"""A fake of the French data library: one zip per file, in the newer or the older format, of invented returns."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus

import numpy as np

from pipelines.fake_providers.server import FakeServer, Reply, Request

COLUMNS = {
    "F-F_Research_Data_Factors_daily": ("Mkt-RF", "SMB", "HML", "RF"),
    "F-F_Research_Data_5_Factors_2x3_daily": ("Mkt-RF", "SMB", "HML", "RMW", "CMA", "RF"),
    "F-F_Momentum_Factor_daily": ("Mom",),
}
"""Columns of each file."""

_PAGE = b"<!DOCTYPE html>\n<html><head><title>Page not found</title></head><body></body></html>"
_COPYRIGHT = "Copyright 2026 Eugene F. Fama and Kenneth R. French"
_MISSING = "Missing data are indicated by -99.99 or -999."


@dataclass(slots=True)
class Format:
    """How files are written.

    Attributes
    ----------
    line_end : str
        Between two lines.
    suffix : str
        End of the file's name inside of the zip.
    is_padded : bool
        Whether cells are filled with blanks on their left.
    encoding : str
        Of the text, such as utf-8-sig for one with a mark at its beginning.
    has_annual_block : bool
        Whether a block of years follows the days.
    """

    line_end: str = "\r\n"
    suffix: str = ".csv"
    is_padded: bool = True
    encoding: str = "utf-8"
    has_annual_block: bool = False


OLD = Format(line_end="\r", suffix=".CSV", is_padded=False, encoding="latin-1", has_annual_block=True)
NEW = Format()


class FakeFrench(FakeServer):
    """Answers for the library's folder of files.

    Attributes
    ----------
    days : list of date
        Days with returns.
    returns : dict
        Array of days by factor of each file, in percent, rounded as the library does.
    missing : dict
        Text that stands in place of a return, by file, day and factor.
    vintage : str
        CRSP database that the files say they are from.
    changed_at : datetime
        Last-Modified of the files.
    format : Format
        How they are written.
    """

    def __init__(self, days: list[date], seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self.days = days
        self.returns = {
            name: np.round(rng.normal(0.03, 0.8, (len(days), len(columns))), 2) for name, columns in COLUMNS.items()
        }
        for name, columns in COLUMNS.items():
            if columns[-1] == "RF":
                self.returns[name][:, -1] = 0.02
        self.missing: dict[tuple[str, date, str], str] = {}
        self.vintage = "202605 CRSP"
        self.changed_at = datetime(2026, 7, 1, tzinfo=UTC)
        self.format = NEW
        super().__init__(self._answer)

    def _answer(self, request: Request) -> Reply:
        name = request.path.rpartition("/")[2].removesuffix("_CSV.zip")
        if name not in COLUMNS:
            return Reply(_PAGE, HTTPStatus.NOT_FOUND, "text/html")
        headers = {"Last-Modified": format_datetime(self.changed_at, usegmt=True)}
        since = request.headers.get("if-modified-since")
        if since is not None and parsedate_to_datetime(since) >= self.changed_at:
            return Reply(b"", HTTPStatus.NOT_MODIFIED, "application/zip", headers)
        return Reply(zipped(self.text(name), name + self.format.suffix), 200, "application/zip", headers)

    def text(self, name: str) -> bytes:
        """Return a file as it lies inside of its zip."""
        columns = COLUMNS[name]
        comma = "," if columns == ("Mom",) else ""  # each line of momentum ends with one more
        prose = [f"This file was created by using the {self.vintage} database. Caf\N{LATIN SMALL LETTER E WITH ACUTE}."]
        prose += [f"{_MISSING}{comma}{comma}", f"{comma}{comma}", "", f"{comma}{comma}"]
        rows = [
            ",".join([f"{day:%Y%m%d}", *(self._cell(name, n, column) for column in columns)]) + comma
            for n, day in enumerate(self.days)
        ]
        lines = [*prose, "," + ",".join(columns) + comma, *rows, ""]
        if self.format.has_annual_block:
            lines += [" Annual Factors: January-December ", "," + ",".join(columns) + comma, "  1964,  1.00", ""]
        return self.format.line_end.join([*lines, _COPYRIGHT, ""]).encode(self.format.encoding)

    def _cell(self, name: str, row: int, column: str) -> str:
        value = float(self.returns[name][row, COLUMNS[name].index(column)])
        text = self.missing.get((name, self.days[row], column), f"{value:.2f}")
        return f"{text:>8}" if self.format.is_padded else text


def zipped(content: bytes, *names: str) -> bytes:
    """Return a zip that holds the content under each name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()
