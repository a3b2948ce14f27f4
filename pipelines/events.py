"""From events and securities to the pairs a study asks for, and from day 0 to the pairs an engine can use.

Every pair asked for leaves this module either ready for the engine or with a status and a reason.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.errors import CatalogueError, ConfigurationError

PAIR = ("event_id", "symbol")
_OWN = " of the list"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which events and securities a study asks for; empty collections do not restrict.

    Attributes
    ----------
    which : {"named", "priced", "listed"}
        Securities that the event names, every security with prices, or `symbols`.
    """

    which: str = "named"
    ids: Collection[str] = ()
    themes: Collection[str] = ()
    kinds: Collection[str] = ()
    since: date | None = None
    until: date | None = None
    symbols: Collection[str] = ()
    asset_classes: Collection[str] = ()


def asked_pairs(choice: Choice, events: pl.DataFrame, named: pl.DataFrame, securities: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs (event_id, symbol) a study asks for, sorted.

    Parameters
    ----------
    events : DataFrame
        ``event_id``, ``theme``, ``kind``, ``available_by``, ``event_date``.
    named : DataFrame
        ``event_id``, ``symbol``: the securities each event names.
    securities : DataFrame
        ``symbol``, ``asset_class``: the securities that have prices.

    Raises
    ------
    CatalogueError
        If the study names an event that is in neither the catalogue nor an event list.
    """
    absent = sorted(set(choice.ids) - set(events["event_id"]))
    if absent:
        raise CatalogueError(
            f"a study asks for the events {', '.join(absent)}, which nobody defines; `reaction events list` shows all"
        )
    chosen = events.filter(_event_condition(choice)).select("event_id")
    classes = pl.col("asset_class").is_in(list(choice.asset_classes)) if choice.asset_classes else pl.lit(value=True)
    if choice.which == "named":
        pairs = named.select(PAIR).join(chosen, on="event_id", how="semi")
    elif choice.which == "priced":
        pairs = chosen.join(securities.filter(classes).select("symbol"), how="cross")
    else:
        pairs = chosen.join(pl.DataFrame({"symbol": sorted(choice.symbols)}, schema={"symbol": pl.String}), how="cross")
    return pairs.select(PAIR).unique().sort(PAIR)


def _event_condition(choice: Choice) -> pl.Expr:
    day = pl.coalesce(pl.col("event_date"), pl.col("available_by").dt.date())
    conditions = [pl.lit(value=True)]
    if choice.ids:
        conditions.append(pl.col("event_id").is_in(list(choice.ids)))
    if choice.themes:
        conditions.append(pl.col("theme").is_in(list(choice.themes)))
    if choice.kinds:
        conditions.append(pl.col("kind").is_in(list(choice.kinds)))
    if choice.since:
        conditions.append(day >= choice.since)
    if choice.until:
        conditions.append(day <= choice.until)
    return pl.all_horizontal(conditions)


def day0_requests(
    asked: pl.DataFrame, events: pl.DataFrame, named: pl.DataFrame, securities: pl.DataFrame
) -> pl.DataFrame:
    """Return one day-0 request per pair, with the clocks of the pair where its event list gives them.

    Parameters
    ----------
    asked : DataFrame
        ``event_id``, ``symbol``.
    events, named : DataFrame
        Clocks by event (``kind``, ``available_at``, ``available_by``, ``event_date``) and, in `named`, by pair with
        ``problem`` (why the clocks cannot be read, or null).
    securities : DataFrame
        ``symbol``, ``exchange_mic``.
    """
    clocks = ["available_at", "available_by", "event_date"]
    by_pair = named.select(*PAIR, *clocks, "problem").with_columns(pl.lit(value=True).alias("is_named"))
    joined = (
        asked.join(events.select("event_id", "kind", *clocks), on="event_id", how="left", maintain_order="left")
        .join(by_pair, on=PAIR, how="left", suffix="_pair", maintain_order="left")
        .join(
            securities.select("symbol", "exchange_mic", pl.lit(value=True).alias("has_prices")),
            on="symbol",
            how="left",
            maintain_order="left",
        )
    )
    own = pl.col("is_named").fill_null(value=False)
    return joined.select(
        *PAIR,
        "exchange_mic",
        "kind",
        *(pl.when(own).then(pl.col(f"{name}_pair")).otherwise(pl.col(name)).alias(name) for name in clocks),
        "problem",
        pl.col("has_prices").fill_null(value=False),
    )


def unusable_pairs(
    asked: pl.DataFrame,
    sessions: pl.DataFrame,
    securities: pl.DataFrame,
    rejected: Collection[str] = (),
    named: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the pairs that no engine can use yet, with ``status`` and ``reason``; the other pairs are ready.

    Parameters
    ----------
    sessions : DataFrame
        ``event_id``, ``symbol``, ``event_session``, ``day0_reason``, ``problem``, ``event_day`` by pair.
    securities : DataFrame
        ``symbol``, ``last_session``, ``is_ended``.
    rejected : collection of str
        Symbols that have price rows in quarantine.
    named : DataFrame, optional
        ``event_id``, ``symbol``, ``named_symbol``: the symbol by which an event names a security, which may be one that
        it had then.
    """
    written = pl.DataFrame(schema=dict.fromkeys((*PAIR, "named_symbol"), pl.String)) if named is None else named
    asked = asked.join(written.select(*PAIR, "named_symbol"), on=PAIR, how="left", maintain_order="left")
    rows = asked.join(sessions, on=PAIR, how="left", maintain_order="left").join(
        securities.select("symbol", "last_session", "is_ended"), on="symbol", how="left", maintain_order="left"
    )
    has_no_prices = pl.col("last_session").is_null()
    is_later = (pl.col("event_day") > pl.col("last_session")).fill_null(value=False) & ~pl.col("is_ended")
    reason = (
        pl.when(pl.col("problem").is_not_null())
        .then(pl.col("problem"))
        .when(has_no_prices & pl.col("symbol").is_in(list(rejected)))
        .then(pl.format("every price row of {} is in quarantine", "symbol"))
        .when(has_no_prices & (pl.col("named_symbol") != pl.col("symbol")))
        .then(pl.format("{} has no prices in this source; the event names it {}", "symbol", "named_symbol"))
        .when(has_no_prices)
        .then(pl.format("{} has no prices in this source", "symbol"))
        .when(pl.col("event_session").is_null())
        .then(pl.col("day0_reason").fill_null("no session could be found for the event"))
    )
    is_pending = pl.col("problem").is_null() & ~has_no_prices & is_later
    return (
        rows.with_columns(
            reason.alias("reason"),
            pl.when(is_pending).then(pl.lit("pending")).otherwise(pl.lit("excluded")).alias("status"),
        )
        .filter(pl.col("reason").is_not_null())
        .select(*PAIR, "event_session", "status", "reason")
    )


def ready_pairs(
    asked: pl.DataFrame, unusable: pl.DataFrame, sessions: pl.DataFrame, securities: pl.DataFrame
) -> pl.DataFrame:
    """Return the pairs for the engine: day 0 and how far the prices of the listing reach."""
    return (
        asked.join(unusable, on=PAIR, how="anti", maintain_order="left")
        .join(sessions.select(*PAIR, "event_session", "event_index"), on=PAIR, how="left", maintain_order="left")
        .join(securities.select("symbol", "last_index", "is_ended"), on="symbol", how="left", maintain_order="left")
    )


def pair_groups(
    pairs: pl.DataFrame,
    group_by: Collection[str],
    *,
    events: pl.DataFrame,
    named: pl.DataFrame,
    securities: pl.DataFrame,
    attributes: pl.DataFrame,
) -> pl.DataFrame:
    """Return the groups each pair belongs to: ``event_id``, ``symbol``, ``group_by``, ``group_value``.

    Parameters
    ----------
    group_by : collection of str
        ``"all"``, ``"event_id"``, ``"symbol"``, a column of the events, the named pairs, the securities, or of
        `attributes` (pairs with a user's own columns).

    Raises
    ------
    ConfigurationError
        If a name in `group_by` is none of these.
    """
    table = (
        pairs.select(PAIR)
        .join(events, on="event_id", how="left", maintain_order="left")
        .join(named.select(*PAIR, "expected_sign"), on=PAIR, how="left", maintain_order="left")
        .join(securities.drop("source", strict=False), on="symbol", how="left", maintain_order="left")
        .with_columns(pl.lit("all").alias("all"))
    )
    # What the user's list says of a pair goes before what is known of its event or security.
    own = [name for name in attributes.columns if name not in PAIR and name in table.columns]
    table = table.join(attributes, on=PAIR, how="left", maintain_order="left", suffix=_OWN).with_columns(
        pl.coalesce(f"{name}{_OWN}", pl.col(name).cast(pl.String)).alias(name) for name in own
    )
    table = table.drop(f"{name}{_OWN}" for name in own)
    unknown = sorted(set(group_by) - set(table.columns))
    if unknown:
        raise ConfigurationError(
            f"--group-by: no column {', '.join(unknown)}; choose among {', '.join(sorted(table.columns))}"
        )
    nothing = pl.DataFrame(schema=dict.fromkeys((*PAIR, "group_by", "group_value"), pl.String))
    parts = [
        table.select(
            *PAIR,
            pl.lit(name).alias("group_by"),
            pl.col(name).cast(pl.String).fill_null("(none)").alias("group_value"),
        )
        for name in group_by
    ]
    return pl.concat([nothing, *parts])
