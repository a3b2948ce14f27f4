"""``reaction study``: one event study on one's own price files or on stored prices."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

from flows.cli.study_options import (
    InputOptions,
    ModelOptions,
    OutputOptions,
    TestOptions,
    WindowOptions,
    definition_of,
    settings_of,
    stored_of,
)

if TYPE_CHECKING:
    from flows.ad_hoc import AdHocStudy

USUAL_MODEL, USUAL_WINDOWS, USUAL_TESTS, USUAL_OUTPUT = ModelOptions(), WindowOptions(), TestOptions(), OutputOptions()


def study(
    *,
    files: InputOptions,
    model: ModelOptions = USUAL_MODEL,
    windows: WindowOptions = USUAL_WINDOWS,
    tests: TestOptions = USUAL_TESTS,
    output: OutputOptions = USUAL_OUTPUT,
) -> None:
    """Run one event study on price files or stored prices and event files; the warehouse stays as it is.

    Prices come from files (--prices), or from what the warehouse has stored of a live source (--source), now or as it
    was known at an instant (--as-of). Files are long (symbol, date, close or adj_close), one file per symbol, or wide
    (date and one column per symbol). The event list has event_id, symbol, and event_date (a day) or occurred_at (an
    instant with a zone, which goes through the session rule of the security's exchange).

    ```
    reaction study --prices prices.csv --events events.csv --benchmark ^GSPC --car=0,0 --car=-1,1
    reaction study --prices panel.parquet --events events.csv --model constant_mean --out result/
    reaction study --prices prices.csv --events events.csv --model ff3 --factors ff3_daily.csv --factor-unit percent
    reaction study --prices prices.csv --events events.csv --model carhart --factors-source ken_french
    reaction study --prices prices.csv --events events.csv --benchmark ^GSPC --group-by theme --test grank_t
    reaction study --prices prices.csv --events events.csv --benchmark ^GSPC --resamples 999 --placebo-dates 100
    reaction study --prices prices.csv --events events.csv --benchmark ^GSPC --explain-difference estudy2
    reaction study --source yahoo --events events.csv --benchmark ^GSPC
    reaction study --source yahoo --as-of 2025-01-27T21:00:00Z --events events.csv --benchmark ^GSPC
    reaction study --prices prices.csv --events events.csv --benchmark ^GSPC --plot paths.png
    ```
    """
    from flows.ad_hoc import ad_hoc_study, output_folder
    from flows.cli.output import plain
    from flows.cli.study_figures import expect_figure, plot_study
    from flows.cli.study_tables import print_study
    from flows.studying import Work

    printed = output.printed
    stored = stored_of(files)
    definition = definition_of(model, windows, tests)
    settings = settings_of(files)
    folder = output_folder(output.out) if output.out is not None else None
    if output.plot is not None:
        expect_figure(output.plot)
    result = ad_hoc_study(settings, definition, Work(output.threads, tests.explain_difference), stored)
    if result.lacking:
        print(f"without prices: {plain(result.lacking)}", file=sys.stderr)
    if folder is not None:
        result.write(folder)
    if output.plot is not None:
        plot_study(result, output.plot)
    if printed == "table":
        print_study(result, output.out)
    else:
        _print_for_programs(result, printed)


def _print_for_programs(result: AdHocStudy, printed: Literal["json", "csv"]) -> None:
    from flows.ad_hoc import EXPLANATION
    from flows.cli.output import print_json, print_rows
    from flows.cli.study_tables import summary_line

    print(summary_line(result), file=sys.stderr)
    if printed == "json":
        print_json({name: frame.to_dicts() for name, frame in result.tables.items()})
        return
    frame = result.tables.get(EXPLANATION, result.tables["fct_event_cars"])
    print_rows(frame.columns, frame.rows(), "csv")
