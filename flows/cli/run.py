"""``reaction run``: ingest, study, validate, publish."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from cyclopts import Parameter

from flows.cli.words import FactorsSource, LiveSource, Paths
from flows.stopping import stoppable

if TYPE_CHECKING:
    from flows.pipeline import Outcome
    from flows.summary import Summary
    from pipelines.settings import Settings

Source = Literal["sample", "files", "yahoo", "nasdaq", "coinbase", "binance"]

SMALLEST_FIXED_P = 0.001
"""Smaller p-values are written with an exponent."""


def run(
    *,
    source: Source | None = None,
    symbols: tuple[str, ...] = (),
    start: date | None = None,
    compare_with: LiveSource | None = None,
    hourly: bool | None = None,
    hourly_start: date | None = None,
    with_series: tuple[str, ...] = (),
    prices: Paths = (),
    events: Paths = (),
    studies: Paths = (),
    factors: Paths = (),
    factors_source: FactorsSource | None = None,
    factor_unit: Literal["decimal", "percent"] | None = None,
    share_counts: Literal["seed", "edgar"] | None = None,
    news: str | None = None,
    exchange: str | None = None,
    column: tuple[str, ...] = (),
    layout: Literal["auto", "long", "wide"] | None = None,
    date_format: str | None = None,
    as_of: str | None = None,
    docs: Path | None = None,
    report: Annotated[bool, Parameter(negative="")] = False,
    accept_fewer_rows: Annotated[bool, Parameter(negative="")] = False,
    use_prefect: Annotated[bool, Parameter(name="--prefect")] = True,
    demo_live: Annotated[bool, Parameter(negative="")] = False,
    demo_news: Annotated[bool, Parameter(negative="")] = False,
    keep: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Run the whole pipeline once: prices and events in, studies, gates, published marts out.

    Without options it runs on the bundled sample and needs no network. Running it again is harmless: what is known
    already is not stored twice, and marts that would not change are not replaced.

    ```
    reaction run
    reaction run --source files --prices prices.parquet --events my_events.yaml
    reaction run --source files --prices dump/ --column close=PRC --column symbol=TICKER --date-format %Y%m%d
    reaction run --source files --prices dump/ --studies mine.yaml --factors ff5_daily.csv --factor-unit percent
    reaction run --source files --prices dump/ --studies mine.yaml --factors-source ken_french
    reaction run --as-of 2025-01-27T21:00:00Z
    reaction run --source yahoo --symbols NVDA --symbols ^GSPC
    reaction run --source yahoo --symbols NVDA --hourly --with-series VIXCLS,DGS10
    reaction run --news hackernews,arxiv,huggingface
    reaction run --demo-live
    reaction run --demo-news --keep january/
    ```

    Parameters
    ----------
    source
        Where prices come from: the bundled sample, files of yours, or a provider that is asked over the network for
        what the calendar says is missing.
    symbols
        Symbols of a live source with commas between them, or a text file with one a line; repeat for more. Without,
        every security of sql/seeds/securities.csv that the source can serve.
    start
        First day of a live source.
    compare_with
        Second live source to ask for the same symbols; where the closes differ it stands in fct_price_differences.
    hourly
        Keep bars of an hour too (yahoo, coinbase, binance), for fct_hourly_prices: which hour of a session moved.
        --no-hourly leaves them out where reaction.toml asks for them.
    hourly_start
        First day of hours, which asks for them too; by default two years ago, and never more than 730 days ago at
        Yahoo, which has no more.
    with_series
        Series of FRED to keep beside the prices, with commas between them, such as VIXCLS,DGS10,DTB3: levels and
        yields for fct_series, which are no prices.
    prices
        Price files (CSV, Parquet) or folders of them, one or more.
    events
        Event files to add to the catalogue: YAML of the catalogue's form, or a list (CSV, Parquet).
    studies
        Study files to add to the studies that ship.
    factors
        Files (CSV, Parquet), one or more, of daily factor returns: a column of dates and one per factor such as
        Mkt-RF, SMB, HML and RF. The models on factors need them.
    factors_source
        Where factor returns come from: files, which is --factors, or ken_french, the French data library, which is
        asked once a week for its daily three factors, five factors and momentum, and needs no unit.
    factor_unit
        Unit of the factor returns, decimal if not given: 1 % is 0.01 in decimals and 1 in percent. The files of the
        French data library are in percent.
    share_counts
        Where counts of shares come from: the seed, or edgar beside it, some megabytes a filer, asked once a week.
    news
        Sources of news to ask, with commas between them: edgar, gdelt, feeds, hackernews, huggingface, arxiv,
        yahoo_news, yahoo_earnings. Each is asked for what is missing since its last answer, and a source that fails
        costs its own news alone. News that is stored is read in every run, whether asked for or not.
    exchange
        Exchange (MIC, such as XNYS) of symbols that the securities file does not know.
    column
        Column of the price files, as ours=theirs; repeat for more.
    layout
        Long: one row per symbol and day. Wide: one column of adjusted closes per symbol.
    date_format
        strptime format of text dates; without it ISO dates and YYYYMMDD are read.
    as_of
        Instant with a zone. The marts are built as they were known then, from what the warehouse held, in a folder of
        their own (`as_of/` beside the published ones, which stay); nothing is fetched and no Prefect is involved.
    docs
        Folder to write the Great Expectations Data Docs of both gates to.
    report
        Write the published marts as pages too, as `reaction report` does.
    accept_fewer_rows
        Publish even if the returns are less than 70 % of those published last, or end earlier.
    use_prefect
        Run as a Prefect flow. Without, the same stages run in this process alone, and start faster.
    demo_live
        Show how live prices are kept, on providers that are faked in this process: two polls, a split and a dividend
        between them. No network, and nothing is left behind.
    demo_news
        Show how news is kept and read: January 2025, in invented words, from providers that are faked in this process.
        No network, and nothing is left behind without --keep.
    keep
        New folder that --demo-news leaves as a home of its own, to look at with REACTION_HOME and to decide on.
    as_json
        Print the summary as JSON.
    """
    from flows.cli.progress import progress
    from flows.cli.run_options import refuse_beside_a_demo, refuse_contradictions
    from pipelines.settings import load_settings

    refuse_beside_a_demo(demo_news=demo_news, demo_live=demo_live, news=news, keep=keep, report=report)
    if demo_news:
        from flows.cli.demo_news import show as show_news

        show_news(keep.resolve() if keep else None)
        return
    if demo_live:
        from flows.cli.demo_live import show

        show()
        return
    overrides: dict[str, Any] = {
        "source": source or ("files" if prices else None),
        "symbols": list(symbols) or None,
        "start": start.isoformat() if start else None,
        "compare_with": compare_with,
        "hourly": True if hourly is None and hourly_start is not None else hourly,
        "hourly_start": hourly_start.isoformat() if hourly_start else None,
        "series": [name for item in with_series for name in item.split(",") if name.strip()] or None,
        "prices": [str(path) for path in prices] or None,
        "events": [str(path) for path in events] or None,
        "studies": [str(path) for path in studies] or None,
        "factors": [str(path) for path in factors] or None,
        "factors_source": factors_source,
        "factor_unit": factor_unit,
        "share_counts": share_counts,
        "news_sources": news_words(news),
        "exchange": exchange,
        "columns": column_mapping(column) or None,
        "layout": layout,
        "date_format": date_format,
        "report": report or None,
        "accept_fewer_rows": accept_fewer_rows or None,
    }
    overrides = {name: value for name, value in overrides.items() if value is not None}
    settings = load_settings(**overrides)
    given = {
        "--symbols": symbols,
        "--start": start,
        "--compare-with": compare_with,
        "--hourly": hourly,
        "--hourly-start": hourly_start,
        "--with-series": with_series,
        "--prices": prices,
        "--column": column,
        "--layout": layout,
        "--date-format": date_format,
        "--events": events,
        "--factors": factors,
        "--factors-source": factors_source,
        "--news": news,
        "--share-counts": share_counts,
        "--report": report,
    }
    refuse_contradictions(settings, given, as_of)
    use_prefect = use_prefect and as_of is None
    with stoppable(), progress("starting Prefect" if use_prefect else "starting", show=not as_json):
        outcome = _with_prefect(settings, overrides) if use_prefect else _alone(settings, as_of)
    _report(outcome, docs, settings.report_index if settings.report and as_of is None else None, as_json=as_json)


def news_words(text: str | None) -> list[str] | None:
    """Return the sources of news that an option names; None if it is not given.

    Raises
    ------
    ConfigurationError
        If a word names no source.
    """
    if text is None:
        return None
    from flows.news_sources import checked_sources

    return list(checked_sources([word.strip() for word in text.split(",") if word.strip()]))


def column_mapping(pairs: tuple[str, ...]) -> dict[str, str]:
    """Read ``ours=theirs`` pairs.

    Raises
    ------
    ConfigurationError
        If a pair has no equals sign, or a name stands on one side of two pairs.
    """
    from pipelines.errors import ConfigurationError

    bad = [pair for pair in pairs if "=" not in pair]
    if bad:
        raise ConfigurationError(f"--column: expected ours=theirs such as close=PRC, got {bad[0]!r}")
    split = [(ours, theirs) for ours, _, theirs in (pair.partition("=") for pair in pairs)]
    for side in zip(*split, strict=True):
        twice = sorted({name for name in side if side.count(name) > 1})
        if twice:
            raise ConfigurationError(f"--column: expected each column once, got {', '.join(twice)} twice; keep one")
    return dict(split)


def _alone(settings: Settings, as_of: str | None) -> Outcome:
    if as_of is not None:
        from flows.as_of import run_as_of
        from flows.instants import parse_instant

        return run_as_of(settings, parse_instant(as_of))
    from flows.pipeline import run_pipeline

    outcome = run_pipeline(settings)
    if settings.report:
        from flows.report import write_report_of_run

        write_report_of_run(settings)
    return outcome


def _with_prefect(settings: Settings, overrides: dict[str, Any]) -> Outcome:
    from flows import prefect_settings

    prefect_settings.settle(settings.home)
    logging.raiseExceptions = False  # a log that Prefect's API does not take is no news for the terminal
    from flows.prefect_server import prefect_api

    with prefect_api(meanwhile=_import_heavy):
        from flows.daily import daily

        return cast("Outcome", daily(overrides))


def _import_heavy() -> None:
    """Import what a run needs and what takes seconds to import."""
    import flows.daily  # noqa: F401
    from pipelines.validation.suites import quiet

    with quiet():
        pass


def _report(outcome: Outcome, docs: Path | None, pages: Path | None, *, as_json: bool) -> None:
    from flows.summary import summarise

    summary = summarise(outcome.run.marts_file, outcome)
    index = None
    if docs is not None:
        from pipelines.validation import write_data_docs

        index = write_data_docs(outcome.gates, docs)
    if as_json:
        _print_json(outcome, summary, pages)
        return
    _print_summary(outcome, summary)
    if index is not None:
        print(f"data docs: {index}")
    if pages is not None:
        print(f"report:  {pages}")


def _print_json(outcome: Outcome, summary: Summary, pages: Path | None) -> None:
    from flows.cli.live import polled_record, refreshed_record
    from flows.cli.output import print_json

    record = {
        "run_id": outcome.run.run_id,
        "status": outcome.status,
        "generation_id": outcome.publication.generation_id,
        "marts": outcome.run.marts_file,
        "report": pages,
        "live": [refreshed_record(part) for part in outcome.ingested.refreshed],
        "news": [polled_record(part) for part in outcome.ingested.news],
        "warnings": list(outcome.ingested.warnings),
        "pairs": summary.statuses.to_dicts(),
        "not_used": summary.reasons.to_dicts(),
        "quarantine": summary.quarantine.to_dicts(),
        "reactions": summary.reactions.to_dicts(),
        "headline": summary.headline.to_dicts(),
    }
    print_json(record)


def _print_summary(outcome: Outcome, summary: Summary) -> None:
    from flows.cli.live import print_refreshed
    from flows.cli.output import plain, print_table

    print("\n".join(plain(line) for line in summary.lines))
    print_refreshed(outcome.ingested.refreshed)
    for text in outcome.ingested.warnings:
        print(f"warning: {plain(text)}")
    for text in outcome.core.calendar_warnings:
        print(f"calendar: {plain(text)}")
    if summary.reasons.height:
        print_table(
            ["pairs", "status", "reason", "such as"],
            summary.reasons.select("n", "status", "reason", "example").rows(),
            title="\nnot used",
        )
    if summary.quarantine.height:
        rows = summary.quarantine.select("n", "symbol", "rule_id").rows()
        print_table(["rows", "symbol", "rule"], rows, title="in quarantine")
    for gate in outcome.gates:
        for warning in gate.warnings:
            print(f"warning: {plain(warning)}")
    print_reactions(summary)
    print(f"marts:   {outcome.run.marts_file}")
    for event_id in summary.reactions["event_id"].head(1):
        print(f"look:    reaction sql \"select * from fct_event_cars where event_id = '{plain(event_id)}'\"")


def print_reactions(summary: Summary) -> None:
    """Print the strongest reactions, one line per security and day."""
    from flows.cli.output import print_table

    columns = ["symbol", "day 0", "event", "abnormal return", "t", "p", "bn USD", "study"]
    rows = [
        (
            row["symbol"],
            row["session_date"],
            row["event_id"],
            f"{row['abnormal_return']:+.2%}",
            f"{row['t_stat']:.2f}",
            p_text(row["p_value"]),
            f"{row['abnormal_value_usd'] / 1e9:+.1f}" if row["abnormal_value_usd"] is not None else "",
            row["study_id"],
        )
        for row in summary.reactions.iter_rows(named=True)
    ]
    print_table(columns, rows, title="strongest reactions on day 0")


def p_text(value: float | None) -> str:
    """Return a p-value that never claims to be zero."""
    if value is None:
        return ""
    if value >= SMALLEST_FIXED_P:
        return f"{value:.3f}"
    return f"{value:.0e}" if value > 0 else "<1e-300"
