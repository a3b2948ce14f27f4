"""Run study definitions in a workspace: pairs, day 0, engine, group tests; write the study tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from flows.factors import lacking_factors, panel_of, read_factors
from flows.reactions import write_day_reactions, write_event_days
from pipelines.contracts import (
    DIM_STUDIES,
    FCT_ABNORMAL_RETURNS,
    FCT_EVENT_CARS,
    FCT_GROUP_TESTS,
    FCT_STUDY_SECURITIES,
)
from pipelines.errors import ReactionError
from pipelines.event_study import ReactionRule, ReturnPanel, StudySpec, group_tests, run_study
from pipelines.event_study.definitions import StudyDefinition
from pipelines.event_study.differences import COLUMNS as DIFFERENCE_COLUMNS
from pipelines.event_study.differences import explain_difference
from pipelines.events import PAIR, Choice, asked_pairs, day0_requests, pair_groups, ready_pairs, unusable_pairs
from pipelines.sessions import resolve_day0
from warehouse.workspace import read_frame, write_table

PANEL = """
    with listing_days as (
        select securities.symbol, sessions.session_date, sessions.session_index
        from core.securities
        inner join core.sessions
            on securities.exchange_mic = sessions.exchange_mic
            and sessions.session_date between securities.first_session and securities.last_session
        union all
        select symbol, session_date, session_index
        from core.returns
        semi join (select symbol from core.securities where exchange_mic is null) using (symbol)
    )
    select
        listing_days.*,
        returns.return_price,
        returns.simple_return,
        returns.log_return,
        returns.volume,
        shares.shares_outstanding
    from listing_days
    left join core.returns
        on listing_days.symbol = returns.symbol and listing_days.session_date = returns.session_date
    left join core.shares
        on
            listing_days.symbol = shares.symbol
            and listing_days.session_date > shares.filed_date
            and listing_days.session_date <= shares.valid_through
    order by listing_days.symbol, listing_days.session_index
"""
"""Returns of every listing on its own sessions; a session without a price stands there with its date and nulls.

A share count serves from the session after it was filed, as in ``mart.fct_value_impact``.
"""


PRESENT = """
    select symbol, published_symbol
    from core.symbol_holders
    where valid_until = date '9999-12-31' and published_symbol != symbol
"""
"""Symbols that a definition may still name, and the ones that their securities have now."""


@dataclass(frozen=True, slots=True)
class Core:
    """The core tables a study reads, as frames; `attributes` are the user's own columns of the event list."""

    events: pl.DataFrame
    named: pl.DataFrame
    attributes: pl.DataFrame
    securities: pl.DataFrame
    sessions: pl.DataFrame
    panel: ReturnPanel
    own_dates: pl.DataFrame
    rejected: frozenset[str]

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection) -> Core:
        """Read the core of a workspace."""
        returns = read_frame(connection, PANEL)
        securities = read_frame(connection, "select * from core.securities order by symbol")
        factors = read_factors(connection)
        unknown = securities.filter(pl.col("exchange_mic").is_null()).select("symbol")
        named = read_frame(connection, "select * from core.event_pairs order by event_id, symbol")
        return cls(
            events=read_frame(connection, "select * from core.events order by event_id"),
            named=named,
            attributes=_attributes(named),
            securities=securities,
            sessions=read_frame(connection, "select * from core.sessions order by exchange_mic, session_date"),
            panel=ReturnPanel.from_frame(returns, factors=factors),
            rejected=frozenset(
                read_frame(connection, "select distinct symbol from core.quarantine")["symbol"].drop_nulls()
            ),
            own_dates=returns.join(unknown, on="symbol", how="semi").select("symbol", "session_date", "session_index"),
        )


@dataclass(frozen=True, slots=True)
class Work:
    """How studies are worked on.

    Attributes
    ----------
    threads : int, optional
        Threads to work on; None for all processors.
    explained : str, optional
        A convention that is to be explained.
    movers : ReactionRule, optional
        What a large reaction is; without it no session but those of studies is judged.
    """

    threads: int | None = None
    explained: str | None = None
    movers: ReactionRule | None = None


@dataclass(frozen=True, slots=True)
class Studied:
    """The rows of one study, each frame with its contract's columns, and what explains another convention."""

    securities: pl.DataFrame
    abnormal_returns: pl.DataFrame
    cars: pl.DataFrame
    group_tests: pl.DataFrame
    differences: pl.DataFrame

    @classmethod
    def nothing(cls, ledger: pl.DataFrame) -> Studied:
        """Return the rows of a study that none of its pairs can be in."""
        return cls(
            securities=ledger,
            abnormal_returns=FCT_ABNORMAL_RETURNS.empty(),
            cars=FCT_EVENT_CARS.empty(),
            group_tests=FCT_GROUP_TESTS.empty(),
            differences=NO_DIFFERENCES,
        )


NO_DIFFERENCES = pl.DataFrame(schema=DIFFERENCE_COLUMNS)


def run_definitions(
    connection: duckdb.DuckDBPyConnection, definitions: Sequence[StudyDefinition], work: Work | None = None
) -> pl.DataFrame:
    """Run every definition; write days 0 by pair and by calendar to ``core``, and the tables of the schema ``study``.

    Returns
    -------
    DataFrame
        Differences to the convention that is to be explained; no rows if there is none.
    """
    work = work or Work()
    core = Core.read(connection)
    present = read_frame(connection, PRESENT)
    definitions = [definition.with_symbols(dict(present.iter_rows())) for definition in definitions]
    asked = {definition.id: _asked(definition, core) for definition in definitions}
    day0 = _resolve(pl.concat([*asked.values(), core.named.select(PAIR)]).unique().sort(PAIR), core)
    results = [_run(definition, asked[definition.id], day0, core, work) for definition in definitions]

    write_table(connection, "core.event_sessions", day0)
    days = core.named.join(day0, on=PAIR).select("symbol", session_date="event_session").drop_nulls()
    write_day_reactions(connection, core.panel, core.securities, days, rule=work.movers, threads=work.threads)
    write_event_days(connection, core.events, core.securities, core.sessions, core.own_dates)
    studies = [definition.spec.to_row() for definition in definitions]
    write_table(connection, "study.studies", pl.DataFrame(studies, schema=DIM_STUDIES.polars_schema, orient="row"))
    for contract, name in (
        (FCT_STUDY_SECURITIES, "securities"),
        (FCT_ABNORMAL_RETURNS, "abnormal_returns"),
        (FCT_EVENT_CARS, "cars"),
        (FCT_GROUP_TESTS, "group_tests"),
    ):
        frames = [contract.empty(), *(getattr(result, name) for result in results)]
        write_table(connection, f"study.{name}", contract.conform(pl.concat(frames)))
    return pl.concat([NO_DIFFERENCES, *(result.differences for result in results)])


def _asked(definition: StudyDefinition, core: Core) -> pl.DataFrame:
    choice = Choice(
        which=definition.securities.which,
        ids=definition.events.ids,
        themes=definition.events.themes,
        kinds=definition.events.kinds,
        since=definition.events.since,
        until=definition.events.until,
        symbols=definition.securities.symbols,
        asset_classes=definition.securities.asset_classes,
    )
    return asked_pairs(choice, core.events, core.named, core.securities)


def _resolve(asked: pl.DataFrame, core: Core) -> pl.DataFrame:
    requests = day0_requests(asked, core.events, core.named, core.securities)
    resolved = resolve_day0(requests, core.sessions, core.own_dates)
    return resolved.with_columns(
        pl.coalesce(pl.col("event_date"), pl.col("available_by").dt.date()).alias("event_day")
    ).select(*PAIR, "event_session", "event_index", "event_day", "day0_rule", "day0_reason", "problem")


def _attributes(named: pl.DataFrame) -> pl.DataFrame:
    """Return the user's own columns of the event list, one column each."""
    texts = named["attributes"]
    if (texts == "{}").all():
        return named.select(PAIR)
    names = sorted({name for text in texts.unique() for name in json.loads(text)})
    cells = [texts.str.json_path_match(f'$["{name}"]').alias(name) for name in names if '"' not in name]
    return named.select(PAIR).with_columns(cells)


def _run(definition: StudyDefinition, asked: pl.DataFrame, day0: pl.DataFrame, core: Core, work: Work) -> Studied:
    spec = definition.spec
    unusable = unusable_pairs(asked, day0, core.securities, core.rejected, core.named)
    ready = ready_pairs(asked, unusable, day0, core.securities)
    if spec.benchmark is not None:
        unusable, ready = _exclude(
            unusable, ready, pl.col("symbol") == spec.benchmark, "the security is the study's own benchmark"
        )
    panel = panel_of(spec, core.panel)
    reason = _what_is_missing(spec, panel)
    if reason is not None:
        unusable, _ = _exclude(unusable, ready, pl.lit(value=True), reason)
        return Studied.nothing(_ledger(spec, asked, unusable, FCT_STUDY_SECURITIES.empty()))
    result = run_study(spec, panel, ready, threads=work.threads)
    groups = pair_groups(
        result.securities.filter(pl.col("status") == "used"),
        definition.group_by,
        events=core.events,
        named=core.named,
        securities=core.securities,
        attributes=core.attributes,
    )
    return Studied(
        securities=_ledger(spec, asked, unusable, result.securities),
        abnormal_returns=result.abnormal_returns,
        cars=result.cars,
        group_tests=group_tests(result, groups),
        differences=explain_difference(result, groups, work.explained) if work.explained else NO_DIFFERENCES,
    )


def _what_is_missing(spec: StudySpec, panel: ReturnPanel) -> str | None:
    """Say what the study's model needs and the source does not have; None if it has all."""
    if spec.benchmark is not None and spec.benchmark not in panel.symbols:
        return f"the benchmark {spec.benchmark} has no prices in this source"
    factors = () if panel.factors is None else panel.factors.names
    return lacking_factors(spec, factors) or _lacking_measure(spec, panel)


def _lacking_measure(spec: StudySpec, panel: ReturnPanel) -> str | None:
    """Say what a study of volume needs and no price row of the source has; None if it has all."""
    if spec.measure == "return":
        return None
    if np.isnan(panel.volume).all():
        return f"measure {spec.measure!r} needs the volume of a day; this source has none (give prices with a volume)"
    if spec.measure == "log_turnover" and np.isnan(panel.volume * panel.shares_outstanding).all():
        return (
            f"measure {spec.measure!r} needs the shares outstanding on a day with volume; this source has none for its "
            "securities (study 'log_volume', or add share counts to sql/seeds/shares_outstanding.csv)"
        )
    return None


def _exclude(
    unusable: pl.DataFrame, ready: pl.DataFrame, condition: pl.Expr, reason: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Move the pairs that meet the condition from the ready ones to the excluded ones."""
    excluded = pl.lit("excluded").alias("status")
    lost = ready.filter(condition).select(*PAIR, "event_session", excluded, pl.lit(reason).alias("reason"))
    return pl.concat([unusable, lost]), ready.filter(~condition)


def _ledger(spec: StudySpec, asked: pl.DataFrame, unusable: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Join the pairs no engine saw with those it judged; every pair asked for stands exactly once."""
    absent = [name for name in FCT_STUDY_SECURITIES.names if name not in unusable.columns]
    rows = unusable.with_columns(
        pl.lit(spec.study_id).alias("study_id") if name == "study_id" else pl.lit(None).alias(name) for name in absent
    )
    ledger = pl.concat([FCT_STUDY_SECURITIES.conform(rows), judged]).sort(FCT_STUDY_SECURITIES.key)
    n_distinct = ledger.select(PAIR).n_unique()
    if not ledger.height == n_distinct == asked.height:
        raise ReactionError(
            f"study {spec.study_id}: {asked.height} pairs were asked for, the ledger has {ledger.height} rows of "
            f"{n_distinct} pairs; this is a defect of the pipeline, nothing was published"
        )
    return ledger
