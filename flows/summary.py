"""What a run found, read back from the published marts: counts, the strongest reactions, where things are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from flows.pipeline import Outcome
from warehouse.connection import open_file, quoted
from warehouse.workspace import read_frame

if TYPE_CHECKING:
    import altair as alt
    import duckdb

STRONGEST = """
    select
        cars.study_id,
        cars.event_id,
        cars.symbol,
        returns.session_date,
        returns.actual_return,
        cars.car as abnormal_return,
        cars.car_se as abnormal_return_se,
        cars.df,
        cars.t_stat,
        cars.p_value,
        cars.car * value.market_cap_before_usd as abnormal_value_usd,
        value.value_change_usd,
        studies.model,
        studies.model = 'constant_mean' as is_without_benchmark,
        events.kind != 'outcome' as is_not_outcome
    from fct_event_cars as cars
    inner join fct_abnormal_returns as returns using (study_id, event_id, symbol)
    inner join dim_studies as studies using (study_id)
    inner join dim_events as events using (event_id)
    left join fct_value_impact as value using (event_id, symbol)
    where cars.window_start = 0 and cars.window_end = 0 and returns.relative_day = 0 and cars.t_stat is not null
"""

RECENT_DAYS = 30
"""Days before the newest session of which the largest reactions without an event are told."""

N_LARGEST = 3
N_STRONGEST = 12

CANDIDATES = """
    select
        count(*) as n_open,
        count(*) filter (
            where exists (
                select 1
                from fct_news_items as items
                where json_contains(candidates.news_ids, to_json(items.news_id)) and items.first_seen_at >= {started_at}
            )
        ) as n_new
    from fct_event_candidates as candidates
    where status = 'candidate'
"""

UNEXPLAINED = f"""
    with

    judged as (
        select
            *,
            session_date > (select max(session_date) from fct_returns) - {RECENT_DAYS} as is_recent
        from fct_movers
        where n_events = 0
    )

    select
        count(*) as n_all,
        count(*) filter (where is_recent) as n_recent,
        list(
            printf('%s %s %+.2f%% (%+.1f sd)', symbol, session_date, 100 * abnormal_return, std_abnormal_return)
            order by abs(std_abnormal_return) desc, symbol, session_date
        ) filter (where is_recent) as largest
    from judged
"""


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in numbers.

    Attributes
    ----------
    statuses : DataFrame
        ``study_id``, ``status``, ``n``.
    reasons : DataFrame
        ``status``, ``reason``, ``n``: why pairs are not used, the most frequent first.
    reactions : DataFrame
        The strongest reactions of day 0, one per symbol and day.
    lines : list of str
        The same in sentences.
    """

    statuses: pl.DataFrame
    reasons: pl.DataFrame
    quarantine: pl.DataFrame
    reactions: pl.DataFrame
    headline: pl.DataFrame
    lines: list[str]


def summarise(marts_file: Path, outcome: Outcome, n_reactions: int = N_STRONGEST) -> Summary:
    """Read the summary of a run from the published marts."""
    with open_file(marts_file, read_only=True) as connection:
        statuses = read_frame(
            connection,
            "select study_id, status, count(*) as n from fct_study_securities group by all order by study_id, status",
        )
        reasons = read_frame(
            connection,
            "select status, regexp_replace(reason, '^[^ ]+ has ', 'has ') as reason, count(*) as n, "
            "min(event_id || ' x ' || symbol) as example "
            "from fct_event_securities where status != 'used' group by all order by n desc, reason limit 5",
        )
        quarantine = read_frame(
            connection,
            "select rule_id, symbol, count(*) as n from quarantine group by all order by n desc, symbol limit 5",
        )
        reactions = _strongest(connection, n_reactions)
        headline = read_frame(
            connection, f"select * from ({STRONGEST}) where event_id = 'nvda-record-selloff' and symbol = 'NVDA'"
        )
        started_at = f"timestamptz {quoted(outcome.run.started_at.isoformat())}"
        candidates = read_frame(connection, CANDIDATES.format(started_at=started_at))
        movers = read_frame(connection, UNEXPLAINED)
    lines = [*_lines(outcome, statuses, headline), *_to_decide(candidates, movers), _marts_line(outcome)]
    return Summary(statuses, reasons, quarantine, reactions, headline, lines)


def strongest_reactions(marts_file: Path, n_reactions: int = N_STRONGEST) -> pl.DataFrame:
    """Return the strongest reactions of day 0, one per security and day, from the published marts."""
    with open_file(marts_file, read_only=True) as connection:
        return _strongest(connection, n_reactions)


def _strongest(connection: duckdb.DuckDBPyConnection, n_reactions: int) -> pl.DataFrame:
    # Events that share a day 0 share its reaction: show each security and day once.
    return read_frame(
        connection,
        f"select * from ({STRONGEST}) qualify row_number() over (partition by symbol, session_date "
        "order by is_without_benchmark, is_not_outcome, abs(t_stat) desc, study_id, event_id) = 1 "
        f"order by abs(t_stat) desc, symbol limit {n_reactions}",
    )


def strongest_figure(reactions: pl.DataFrame) -> alt.LayerChart | None:
    """Draw the strongest reactions with their 95 % intervals; None if there are none with a standard error.

    Parameters
    ----------
    reactions : DataFrame
        `Summary.reactions`.
    """
    from pipelines.report.figures import intervals

    rows = reactions.drop_nulls(["abnormal_return", "abnormal_return_se", "df"])
    if rows.is_empty():
        return None
    drawn = rows.select(
        pl.format("{}, {} {}", "event_id", "symbol", "session_date").alias("reaction"),
        pl.col("df", "p_value"),
        car="abnormal_return",
        car_se="abnormal_return_se",
    )
    models = " and ".join(rows["model"].unique().sort().str.replace_all("_", " "))
    return intervals(
        drawn,
        title="The strongest reactions of day 0",
        subtitle=f"n = {rows.height}, model {models}, window [0, 0], sorted by the size of t; grey: p above 0.05",
        label="reaction",
    )


def live_lines(outcome: Outcome) -> list[str]:
    """Return what became of the symbols of live sources, and which lack prices."""
    parts = outcome.ingested.refreshed
    complaints = [f"warning: {part.complaint}; run again to ask for these alone" for part in parts if part.failures]
    return [*(part.sentence for part in parts), *complaints]


def news_lines(outcome: Outcome) -> list[str]:
    """Return what became of the requests to each source of news, and what was not answered."""
    polled = outcome.ingested.news
    unanswered = [f"warning: {part.source} {name}: {text}" for part in polled for name, text in part.reasons.items()]
    return [*(f"news of {part.sentence}" for part in polled), *unanswered]


def _lines(outcome: Outcome, statuses: pl.DataFrame, headline: pl.DataFrame) -> list[str]:
    totals = dict(statuses.group_by("status").agg(pl.col("n").sum()).iter_rows())
    core = outcome.core
    lines = [
        *live_lines(outcome),
        *news_lines(outcome),
        f"prices: {core.n_price_rows:,} rows of {core.n_symbols} securities, {core.first_session} to "
        f"{core.last_session}; {core.n_quarantined_rows:,} rows in quarantine",
        f"events: {core.n_events}; event x security pairs by study: {totals.get('used', 0):,} used, "
        f"{totals.get('pending', 0):,} pending, {totals.get('excluded', 0):,} excluded",
    ]
    for row in headline.iter_rows(named=True):
        money, abnormal_money = (
            f" ({row[name] / 1e9:+,.0f} bn USD)" if row[name] is not None else ""
            for name in ("value_change_usd", "abnormal_value_usd")
        )
        lines.append(
            f"NVDA on {row['session_date']}: return {row['actual_return']:+.2%}{money}, abnormal "
            f"{row['abnormal_return']:+.2%}{abnormal_money}, t = {row['t_stat']:.2f} ({row['study_id']})"
        )
    return lines


def _to_decide(candidates: pl.DataFrame, movers: pl.DataFrame) -> list[str]:
    """Return what waits for a person: candidates of the news, and large reactions that no event explains."""
    n_open, n_new = candidates.row(0)
    hint = "; `reaction events candidates` lists them" if n_open else ""
    n_all, n_recent, largest = movers.row(0)
    told = f": {', '.join(largest[:N_LARGEST])}" if largest else ""
    return [
        f"candidate events: {n_open:,} to decide on, {n_new:,} of them with news of this run{hint}",
        f"large reactions without an event: {n_all:,}, {n_recent:,} in the last {RECENT_DAYS} days{told}",
    ]


def _marts_line(outcome: Outcome) -> str:
    state = "published" if outcome.publication.is_new else "unchanged, still"
    return f"marts: {state} generation {outcome.publication.generation_id}"
