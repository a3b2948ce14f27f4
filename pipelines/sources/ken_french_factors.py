"""Daily factor returns of the data library of Kenneth R. French: zips of one CSV in percent, revised with each vintage.

A file begins with prose that names the CRSP database it was made from and goes on until a line that is no day. Older
and newer files differ in their line ends, their padding, an extra comma at the end of each line of momentum and the
case of the file's name, and say the same. -99.99 and -999 stand for a return that is missing. The library is copyright
Eugene F. Fama and Kenneth R. French, free for research with attribution; it lags by one to two months.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email.utils import format_datetime
from itertools import pairwise
from typing import Final

import polars as pl

from pipelines.contracts import KEN_FRENCH_FACTORS
from pipelines.sources.batch import RawBatch
from pipelines.sources.files_factors import factor_name
from pipelines.sources.live import Outcome
from pipelines.sources.web.client import Page
from pipelines.sources.web.judge import Expected, ShapeError, unchanged
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Limits, Manners
from pipelines.sources.web.source import WebSource
from pipelines.sources.web.unzip import single_member

SOURCE: Final = "ken_french_factors"
BASE_URL: Final = "https://mba.tuck.dartmouth.edu/pages/faculty/ken.french/ftp"
MANNERS: Final = Manners(Rate(per_second=0.5), limits=Limits(max_bytes=16 << 20))
MAX_BYTES: Final = 32 << 20
"""Bytes of a file, unpacked; the largest has two million."""

_THREE: Final = ("mkt_rf", "smb", "hml", "rf")
_FIVE: Final = ("mkt_rf", "smb", "hml", "rmw", "cma", "rf")
FILES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "ff3_daily": ("F-F_Research_Data_Factors_daily_CSV.zip", _THREE),
    "ff5_daily": ("F-F_Research_Data_5_Factors_2x3_daily_CSV.zip", _FIVE),
    "mom_daily": ("F-F_Momentum_Factor_daily_CSV.zip", ("mom",)),
}
"""The zip and the factors of each data set, in the order of its columns."""

_VINTAGE = re.compile(r"\busing the (\d{6} CRSP)\b")
_LINE_END = re.compile(r"\r\n|\r|\n")
_DAY_ROW = re.compile(r"\s*(\d{4})(\d\d)(\d\d)\s*(?:,(.*))?", re.ASCII)
_PROSE_LINES = 100
_KEPT = 4000


@dataclass(frozen=True, slots=True)
class FrenchRequest:
    """What is asked for.

    Attributes
    ----------
    dataset : str
        A word of FRENCH_DATASETS.
    since : datetime or None
        Instant since which the file must have changed to be sent again.
    """

    dataset: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class FrenchAnswer:
    """What came back; `batch` is the file's rows for OK alone, and EMPTY says that it has not changed."""

    request: FrenchRequest
    outcome: Outcome
    fetched_at: datetime
    url: str
    reason: str = ""
    batch: RawBatch | None = None
    body: str = ""


@dataclass(frozen=True, slots=True)
class FrenchFile:
    """A file that was read.

    Attributes
    ----------
    rows : list
        Day and returns of each line, in the order of the data set's factors.
    """

    vintage: str | None
    hash: str
    rows: list[tuple[date, tuple[float, ...]]]


class KenFrenchFactors(WebSource):
    """Factor files of the French data library, to be closed after use."""

    name = SOURCE

    default_url = BASE_URL
    default_manners = MANNERS

    def fetch(self, request: FrenchRequest) -> FrenchAnswer:
        """Ask for one data set; never raises for what the library's server does."""
        if request.dataset not in FILES:
            reason = f"expected one of {', '.join(FILES)}, got {request.dataset!r:.40}"
            return FrenchAnswer(request, Outcome.REFUSED, self._client.clock.now(), self._client.base_url, reason)
        name, factors = FILES[request.dataset]
        expected = Expected("zip", read=lambda content: read_zip(content, factors))
        headers = {}
        if request.since is not None:
            expected = replace(expected, first=unchanged)
            headers["If-Modified-Since"] = format_datetime(request.since.astimezone(UTC), usegmt=True)
        page = self._client.get(f"/{name}", {}, expected, headers)
        if page.outcome is not Outcome.OK:
            body = page.body[:_KEPT].decode("utf-8", "replace")
            return FrenchAnswer(request, page.outcome, page.fetched_at, page.url, page.reason, body=body)
        batch = _batch(request.dataset, factors, page)
        return FrenchAnswer(request, page.outcome, page.fetched_at, page.url, batch=batch)


def read_zip(content: bytes, factors: tuple[str, ...]) -> FrenchFile:
    """Read the only file of a zip.

    Raises
    ------
    ShapeError
        If it is no zip of one CSV, or the CSV has other columns or no days.
    """
    with single_member(content, ".csv", MAX_BYTES) as file:
        text = file.read()
    return read_csv(text, factors)


def read_csv(content: bytes, factors: tuple[str, ...]) -> FrenchFile:
    """Read a file: prose, a header whose first cell is empty, a line per day, and whatever follows.

    Raises
    ------
    ShapeError
        If there is no header of these factors, no day after it, or a line of a day cannot be read.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = _LINE_END.split(text)
    header = next((n for n, line in enumerate(lines[:_PROSE_LINES]) if _names(line) == factors), None)
    if header is None:
        raise ShapeError(f"expected a header of {', '.join(factors)}, got {' / '.join(lines[:3])!r:.200}")
    vintage = _VINTAGE.search(" ".join(lines[:header]))
    rows: list[tuple[date, tuple[float, ...]]] = []
    for line in lines[header + 1 :]:
        if row := _DAY_ROW.fullmatch(line):
            rows.append(_row(row, len(factors)))
        elif rows or line.strip():  # the first line that is no day ends the days
            break
    if not rows:
        raise ShapeError("expected lines that begin with a day YYYYMMDD, got none; files of months are others")
    days = [day for day, _ in rows]
    disorder = next((after for before, after in pairwise(days) if after <= before), None)
    if disorder is not None:
        raise ShapeError(f"expected ascending days, got {disorder} out of order or twice")
    return FrenchFile(vintage[1] if vintage else None, hashlib.sha256(content).hexdigest(), rows)


def _names(line: str) -> tuple[str, ...] | None:
    """Return the factors that a header names; None for a line that is none."""
    first, *names = (cell.strip() for cell in line.split(","))
    while names and not names[-1]:
        names.pop()
    return None if first or not names else tuple(map(factor_name, names))


def _row(row: re.Match[str], n_factors: int) -> tuple[date, tuple[float, ...]]:
    year, month, day, rest = row.groups()
    cells = (rest or "").split(",")
    if any(cell.strip() for cell in cells[n_factors:]):
        raise ShapeError(f"expected a day and {n_factors} returns, got more: {row[0]!r:.100}")
    try:
        # strptime would take as long as all the rest of the file.
        values = tuple(float(cell) for cell in cells[:n_factors])
        if len(values) == n_factors:
            return date(int(year), int(month), int(day)), values
    except ValueError as error:
        raise ShapeError(f"expected a day YYYYMMDD and {n_factors} returns, got {row[0]!r:.100}") from error
    raise ShapeError(f"expected a day and {n_factors} returns, got fewer: {row[0]!r:.100}")


def _batch(dataset: str, factors: tuple[str, ...], page: Page) -> RawBatch:
    """Return the rows of a file, a row for each day and factor."""
    file: FrenchFile = page.data
    wide = pl.DataFrame(
        {
            "factor_date": [day for day, _ in file.rows],
            **{name: [values[n] for _, values in file.rows] for n, name in enumerate(factors)},
        }
    )
    rows = wide.unpivot(factors, index="factor_date", variable_name="factor", value_name="value")
    columns = [name for name in KEN_FRENCH_FACTORS.names if name not in ("batch_id", "row_number")]
    frame = rows.with_columns(
        pl.lit(dataset).alias("dataset"),
        pl.lit(file.vintage, pl.String()).alias("crsp_vintage"),
        pl.lit(file.hash).alias("file_hash"),
    ).select(pl.int_range(pl.len()).alias("row_number"), *columns)
    return RawBatch(source=SOURCE, object=dataset, url=page.url, frame=frame, fetched_at=page.fetched_at)
