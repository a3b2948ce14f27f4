"""``reaction study``: an event study of one's own files, without a warehouse."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from flows.ad_hoc import AdHocStudy
    from pipelines.event_study.definitions import StudyDefinition

SHOWN_ROWS = 40


def study(
    *,
    prices: tuple[Path, ...],
    events: tuple[Path, ...],
    benchmark: str | None = None,
    factors: tuple[Path, ...] = (),
    factor_unit: Literal["decimal", "percent"] | None = None,
    model: Literal["market", "market_adjusted", "constant_mean"] = "market",
    returns: Literal["simple", "log"] = "simple",
    estimation: str = "-260,-11",
    window: str = "-10,10",
    car: tuple[str, ...] = ("0,0",),
    min_obs: int | None = None,
    group_by: tuple[str, ...] = (),
    out: Path | None = None,
    output: Annotated[Literal["table", "json", "csv"], Parameter(name="--format")] = "table",
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    exchange: str | None = None,
    column: tuple[str, ...] = (),
    layout: Literal["auto", "long", "wide"] | None = None,
    date_format: str | None = None,
) -> None:
    """Run one event study on price and event files; no warehouse and no Prefect are involved.

    Prices are long (symbol, date, close or adj_close), one file per symbol, or wide (date and one column per symbol).
    The event list has event_id, symbol, and event_date (a day) or occurred_at (an instant with a zone, which goes
    through the session rule of the security's exchange).

    ```
    reaction study --prices prices.csv --events events.csv --benchmark ^GSPC --car=0,0 --car=-1,1
    reaction study --prices panel.parquet --events events.csv --model constant_mean --out result/
    reaction study --prices prices.csv --events events.csv --model ff3 --factors ff3_daily.csv --factor-unit percent
    ```

    Parameters
    ----------
    prices
        Price files (CSV, Parquet) or folders of them; repeat for more.
    events
        Event lists (CSV, Parquet) or catalogue files (YAML); repeat for more.
    benchmark
        Symbol of the benchmark among the prices; the constant-mean model needs none.
    factors
        Files (CSV, Parquet) of daily factor returns, a column of dates and one per factor such as Mkt-RF, SMB, HML
        and RF; repeat for more. The models on factors need them.
    factor_unit
        Unit of the factor returns, decimal if not given: 1 % is 0.01 in decimals and 1 in percent. The files of the
        French data library are in percent.
    model
        Model of the normal return.
    returns
        Simple or log returns.
    estimation
        First and last day of the estimation window, in sessions from day 0.
    window
        First and last day of the event window.
    car
        First and last day of a window to cumulate over; repeat for more.
    min_obs
        Usable estimation sessions a security needs; without it half of the estimation window, at most 120.
    group_by
        Column to group the tests by: event_id, symbol, or any column of the event list; repeat for more.
    out
        Folder to write the tables to, as Parquet.
    output
        What to print: tables, everything as JSON, or the cumulative abnormal returns as CSV.
    as_json
        The same as --format json.
    exchange
        Exchange (MIC, such as XNYS) of symbols that the securities file does not know; without it their sessions are
        the dates of their own prices.
    column
        Column of the price files, as ours=theirs; repeat for more.
    layout
        Long or wide price files; told from the columns if not given.
    date_format
        strptime format of text dates; without it ISO dates and YYYYMMDD are read.
    """
    from flows.ad_hoc import ad_hoc_study, output_folder
    from flows.cli.run import column_mapping
    from pipelines.settings import load_settings

    settings = load_settings(
        prices=[str(path) for path in prices],
        events=[str(path) for path in events],
        factors=[str(path) for path in factors] or None,
        factor_unit=factor_unit,
        exchange=exchange,
        columns=column_mapping(column) or None,
        layout=layout,
        date_format=date_format,
    )
    definition = _definition(
        model=model,
        benchmark=benchmark,
        returns=returns,
        estimation=estimation,
        window=window,
        car=car,
        min_obs=min_obs,
        group_by=group_by,
    )
    folder = output_folder(out) if out is not None else None
    result = ad_hoc_study(settings, definition)
    if folder is not None:
        result.write(folder)
    if as_json or output != "table":
        print(_in_one_line(result), file=sys.stderr)
    if as_json or output == "json":
        _print_json(result)
    elif output == "csv":
        from flows.cli.output import print_rows

        frame = result.tables["fct_event_cars"]
        print_rows(frame.columns, frame.rows(), "csv")
    else:
        _print_tables(result, out)


def _definition(
    *,
    model: str,
    benchmark: str | None,
    returns: str,
    estimation: str,
    window: str,
    car: tuple[str, ...],
    min_obs: int | None,
    group_by: tuple[str, ...],
) -> StudyDefinition:
    from pipelines.event_study import Window
    from pipelines.event_study.definitions import StudyDefinition

    def bounds(text: str) -> list[int]:
        parsed = Window.parse(text)
        return [parsed.start, parsed.end]

    fields: dict[str, Any] = {
        "id": "ad-hoc",
        "title": f"{model} model, estimation [{estimation}], window [{window}]",
        "model": model,
        "benchmark": benchmark,
        "returns": returns,
        "estimation": bounds(estimation),
        "event_window": bounds(window),
        "car_windows": [bounds(text) for text in dict.fromkeys(car)],
        "min_estimation_obs": min_obs,
        "group_by": tuple(dict.fromkeys(("all", *group_by))),
    }
    definition = StudyDefinition.model_validate(fields)
    _ = definition.spec  # a contradiction among the parameters is reported before any file is read
    return definition


def _in_one_line(result: AdHocStudy) -> str:
    """Say what a program that reads the output would not see."""
    counts = dict(result.tables["fct_study_securities"]["status"].value_counts().iter_rows())
    pairs = ", ".join(f"{counts.get(status, 0)} {status}" for status in ("used", "pending", "excluded"))
    return f"pairs: {pairs}; {result.tables['quarantine'].height} rules broken by rows in quarantine"


def _print_json(result: AdHocStudy) -> None:
    from flows.cli.output import print_json

    record = {name: frame.to_dicts() for name, frame in result.tables.items()}
    print_json(record)


def _print_tables(result: AdHocStudy, out: Path | None) -> None:
    import polars as pl

    from flows.cli.output import print_table

    ledger = result.tables["fct_study_securities"]
    counts = {status: ledger.filter(pl.col("status") == status).height for status in ("used", "pending", "excluded")}
    print(f"{ledger.height} pairs asked for: " + ", ".join(f"{n} {status}" for status, n in counts.items()))
    lost = ledger.filter(pl.col("status") != "used").select("event_id", "symbol", "status", "reason")
    if lost.height:
        _print_head(["event", "symbol", "status", "reason"], lost.rows(), "not used")
    by_rule = result.tables["quarantine"].group_by("source", "rule_id", "symbol").len()
    rejected = by_rule.sort("source", "rule_id", "symbol", nulls_last=True)
    _print_head(["source", "rule", "symbol", "rows"], rejected.rows(), "rows in quarantine")
    day0 = ledger.select("event_id", "symbol", "event_session")
    _print_cars(result.tables["fct_event_cars"].join(day0, on=["event_id", "symbol"], maintain_order="left"))
    _print_tests(result.tables["fct_group_tests"])
    if out is not None:
        written = [(f"{out / name}.parquet", frame.height) for name, frame in result.tables.items()]
        print_table(["written", "rows"], written)


def _print_cars(cars: Any) -> None:
    from flows.cli.run import p_text

    rows = [
        (
            row["event_id"],
            row["symbol"],
            row["event_session"],
            f"[{row['window_start']},{row['window_end']}]" + ("" if row["is_complete"] else " incomplete"),
            _percent(row["car"]),
            _percent(row["car_se"], sign=False),
            _number(row["t_stat"]),
            p_text(row["p_value"]),
            _percent(row["bhar"]),
            row["n_estimation_obs"],
        )
        for row in cars.iter_rows(named=True)
    ]
    columns = ["event", "symbol", "day 0", "window", "CAR", "s.e.", "t", "p", "BHAR", "L1"]
    _print_head(columns, rows, "cumulative abnormal returns")


def _print_tests(tests: Any) -> None:
    import polars as pl

    from flows.cli.run import p_text

    windows = tests.filter((pl.col("window_start") != pl.col("window_end")) | (pl.col("window_start") == 0))
    notes = {note: f"({n})" for n, note in enumerate(windows["note"].drop_nulls().unique(maintain_order=True), start=1)}
    rows = [
        (
            f"{row['group_by']}={row['group_value']}" if row["group_by"] != "all" else "all",
            f"[{row['window_start']},{row['window_end']}]",
            row["test"],
            _number(row["statistic"]),
            p_text(row["p_value"]),
            row["n"],
            _percent(row["caar"]),
            ("yes" if row["is_valid"] else "no") + (f" {notes[row['note']]}" if row["note"] else ""),
        )
        for row in windows.iter_rows(named=True)
    ]
    _print_head(["group", "window", "test", "statistic", "p", "N", "CAAR", "valid"], rows, "tests")
    for note, mark in notes.items():
        print(f"{mark} {note}")


def _print_head(columns: list[str], rows: Sequence[Sequence[object]], title: str) -> None:
    from flows.cli.output import print_table

    if rows:
        print_table(columns, rows[:SHOWN_ROWS], title=title)
    if len(rows) > SHOWN_ROWS:
        print(f"... and {len(rows) - SHOWN_ROWS} more rows; see them with --format json or --out FOLDER\n")


def _percent(value: float | None, *, sign: bool = True) -> str:
    return "" if value is None else f"{value:+.3%}" if sign else f"{value:.3%}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
