"""A vendor that restates history, and a warehouse file that follows it: shared by unit and property tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from flows.restating import Fetched, batches
from flows.run import models
from pipelines.restatements import Judgement, Remedy, judge
from pipelines.sources.live import ACTION_COLUMNS, BAR_COLUMNS
from warehouse.connection import open_file
from warehouse.migrations import migrate
from warehouse.store import StoreResult, append
from warehouse.vintages import NEWEST, open_history, stored_bars

FIRST_DAY = date(2025, 1, 1)
SYMBOL = "BTC-USD"
OVERLAP = 10
DUMPS = (
    "select * from staging.stg_live__prices order by all",
    "select * from staging.stg_live__bars where not is_final order by all",
    "select * from staging.stg_price_actions order by all",
)
MODELS = models()


@dataclass
class Vendor:
    """What a vendor says today of one security; every calendar day is a session.

    Attributes
    ----------
    rows : dict
        Close, adjusted close and volume by number of the session.
    running : float or None
        Price of the session after the last one, which is not over.
    """

    rows: dict[int, tuple[float, float, float]] = field(default_factory=dict)
    running: float | None = None
    actions: list[tuple[int, str, float]] = field(default_factory=list)

    def trade(self, close: float) -> None:
        """End a session at a price."""
        self.rows[len(self.rows)] = (close, close, 1000.0)
        self.running = None

    def pay(self, share: float) -> None:
        """Pay a share of the last close as a dividend of the next session; earlier adjusted closes go down by it."""
        self.actions.append((len(self.rows), "dividend", share * self.rows[len(self.rows) - 1][0]))
        self.rows = {n: (close, adj * (1 - share), volume) for n, (close, adj, volume) in self.rows.items()}

    def split(self, value: float) -> None:
        """Split before the next session; every earlier price goes down by it."""
        self.actions = [(n, kind, size / value if kind == "dividend" else size) for n, kind, size in self.actions]
        self.actions.append((len(self.rows), "split", value))
        self.rows = {n: (close / value, adj / value, volume) for n, (close, adj, volume) in self.rows.items()}

    def revise(self, number: int, factor: float) -> None:
        """Correct one bar."""
        close, adj, volume = self.rows[number]
        self.rows[number] = (close * factor, adj * factor, volume)

    def answer(self, at: datetime, *, whole: bool = False, unit: float = 1.0, scaled: range | None = None) -> Fetched:
        """Return the last sessions and the running one, or everything; perhaps in another unit or half rescaled."""
        numbers = list(self.rows) if whole else list(self.rows)[-OVERLAP - 2 :]
        final = [_bar(n, *self.rows[n], unit * (0.1 if scaled and n in scaled else 1.0)) for n in numbers]
        provisional = [] if self.running is None else [_bar(len(self.rows), self.running, self.running, 1.0, unit)]
        acted = [(day(n), kind, size) for n, kind, size in self.actions if whole or n >= numbers[0]]
        return Fetched(
            "yahoo",
            SYMBOL,
            "https://example.org",
            at,
            pl.DataFrame(final, schema=BAR_COLUMNS, orient="row"),
            pl.DataFrame(provisional, schema=BAR_COLUMNS, orient="row"),
            pl.DataFrame(acted, schema=ACTION_COLUMNS, orient="row"),
            whole,
        )


def day(number: int) -> date:
    """Return the session of that number."""
    return FIRST_DAY + timedelta(days=number)


def _bar(number: int, close: float, adj: float, volume: float, factor: float) -> tuple[object, ...]:
    opened = datetime.combine(day(number), datetime.min.time(), UTC)
    price = close * factor
    return (day(number), opened, price, price * 1.01, price * 0.99, price, adj * factor, volume)


@dataclass
class Follower:
    """A warehouse file that is kept up to date with a vendor, and a clock that moves with every fetch."""

    file: Path
    now: datetime = datetime(2025, 6, 1, tzinfo=UTC)

    def __post_init__(self) -> None:
        """Make the file."""
        with open_file(self.file) as connection:
            migrate(connection)

    def bars(self, as_of: datetime = NEWEST) -> pl.DataFrame:
        """Return the final bars as known at an instant."""
        with open_history(self.file, MODELS, price_source="yahoo", as_of=as_of) as connection:
            return stored_bars(connection, "yahoo")

    def dump(self, as_of: datetime) -> bytes:
        """Return everything that is known at an instant as text."""
        with open_history(self.file, MODELS, price_source="yahoo", as_of=as_of) as connection:
            return b"".join(connection.sql(query).pl().write_csv().encode() for query in DUMPS)

    def known_by(self) -> datetime:
        """Return the instant by which everything stored so far is known."""
        with open_file(self.file, read_only=True) as connection:
            ((found,),) = connection.execute("select max(known_from) from raw.batches").fetchall()
        assert isinstance(found, datetime)
        return max(found, self.now)

    def take(self, fetched: Fetched) -> tuple[Judgement, StoreResult]:
        """Judge an answer, and store what is to be stored of it."""
        stored = self.bars()
        found = judge(stored, fetched.bars, fetched.acted)[SYMBOL]
        with open_file(self.file) as connection:
            return found, append(connection, batches(fetched, stored, found), f"run-{fetched.fetched_at.isoformat()}")

    def follow(self, vendor: Vendor, **faults: object) -> Judgement:
        """Fetch the overlap, and the whole history if that is the remedy; return the first verdict."""
        self.now += timedelta(hours=1)
        found, _ = self.take(vendor.answer(self.now, **faults))  # type: ignore[arg-type]
        if found.remedy is Remedy.REFETCH:
            self.now += timedelta(seconds=1)
            self.take(vendor.answer(self.now, whole=True))
        return found
