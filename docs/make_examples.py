"""Write ``docs/examples.md`` and its figures: every query of ``sql/examples/`` with what it answers.

    uv run reaction run --source files --prices prices.parquet
    uv run python docs/make_examples.py

The page that is kept was made from daily prices of 107 securities from 2020 to 2026, which are not part of the project.
With other prices the same command writes the same page with other numbers; ``--out`` keeps it apart.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import altair as alt
import polars as pl

from flows.cli.answers import Shown, lay_out
from flows.cli.sql_catalogue import EXAMPLES, example_text, notes
from pipelines.home import MARTS_FILE, find_home
from pipelines.report import figures
from warehouse.query import QueryResult, run_query
from warehouse.sandbox import Sandbox

ORDER = (
    "release_essay_selloff",
    "selloff_winners_and_losers",
    "estimation_window",
    "fall_by_chance",
    "bitcoin_next_to_nvidia",
    "reaction_abroad",
    "deepseek_by_theme",
    "against_the_thesis",
    "nvda_earnings",
    "announcement_drift",
    "export_controls",
    "largest_losses_usd",
    "event_clusters",
    "unused_pairs",
    "morning_reader",
)

MOST_ROWS = 30

WEEK = """
with

days as (
    select *
    from fct_abnormal_returns
    where
        study_id = 'deepseek-market-model' and event_id = 'deepseek-r1-release'
        and symbol in ('NVDA', 'AVGO', 'VRT', 'TSM', 'AAPL', 'META')
)

select
    symbol,
    relative_day,
    cum_abnormal_return - max(cum_abnormal_return) filter (where relative_day = -1) over (partition by symbol)
        as cum_abnormal_return
from days
where relative_day >= -5
order by symbol, relative_day
"""

HEAD = """\
# Examples

Questions that an analyst asks, each a query that ships: `reaction sql --example NAME` runs one on your own marts,
`reaction sql --example list` names them. The answers here are from daily prices of 107 securities, 2020 to 2026, which
are not part of this repository. Returns are decimals. `docs/make_examples.py` writes this page.
"""

Draw = Callable[[pl.DataFrame], alt.LayerChart]


def week(frame: pl.DataFrame) -> alt.LayerChart:
    """Draw the paths around R1's release, on which the sell-off is day 4."""
    return figures.event_path(
        frame,
        title="Four quiet sessions after R1's release, then the sell-off",
        subtitle="Cumulative abnormal return since the eve of 2025-01-21 (day 0); the sell-off of 2025-01-27 is day 4",
    )


def weekend(frame: pl.DataFrame) -> alt.LayerChart:
    """Draw Nvidia and Bitcoin day by day."""
    long = frame.unpivot(
        ["nvda_abnormal", "btc_abnormal"], index="session_date", variable_name="symbol", value_name="abnormal_return"
    ).with_columns(pl.col("symbol").replace({"nvda_abnormal": "NVDA", "btc_abnormal": "BTC-USD"}))
    return figures.side_by_side(
        long,
        title="Bitcoin had the weekend to react, and hardly did",
        subtitle="Abnormal return against the own mean, January 2025; Nvidia rests on the 20th and at the weekend",
    )


DRAWN: dict[str, Draw] = {
    "selloff_winners_and_losers": lambda frame: figures.intervals(
        frame, title="Beyond doubt on 2025-01-27", subtitle="Abnormal return, market model; p below 0.05 after Holm"
    ),
    "estimation_window": lambda frame: figures.intervals(
        frame.with_columns(df=pl.col("df").cast(pl.Float64)),
        title="Nvidia on 2025-01-27 by model and estimation window",
        label="choice",
    ),
    "bitcoin_next_to_nvidia": weekend,
    "deepseek_by_theme": lambda frame: figures.mean_and_median(
        frame,
        title="Nvidia on days of news, by theme",
        subtitle="Days in brackets. Far apart: few days make the mean",
        label="theme",
    ),
    "nvda_earnings": lambda frame: figures.intervals(
        frame, title="Nvidia's earnings days", subtitle="Grey: p above 0.05", label="event_session"
    ),
    "largest_losses_usd": lambda frame: figures.money(
        frame, title="Nvidia's most expensive days of news", label="session_date"
    ),
}


def main() -> None:
    """Run every example and write the page."""
    parser = argparse.ArgumentParser(description="Write examples.md and its figures from the published marts.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of the page")
    out = parser.parse_args().out
    missing = {file.stem for file in EXAMPLES.glob("*.sql")} ^ set(ORDER)
    if missing:
        sys.exit(f"ORDER and sql/examples differ: {sorted(missing)}")
    marts = find_home() / MARTS_FILE
    (out / "figures").mkdir(parents=True, exist_ok=True)
    parts = [HEAD]
    for name in ORDER:
        parts.append(section(name, marts, out))
        print(name)
    (out / "examples.md").write_text("\n".join(parts), encoding="utf-8")


def section(name: str, marts: Path, out: Path) -> str:
    """Return one example's part of the page, its figure written beside it."""
    text = example_text(name)
    said = notes(text)
    with Sandbox(marts) as sandbox:
        answer = sandbox.ask(text, limit=MOST_ROWS, units=True)
        rows = list(answer.rows)
    table = "\n".join(lay_out(Shown(answer.columns, answer.units, rows, answer.more)))
    figure = ""
    if rows and name in DRAWN:
        draw(name, DRAWN[name](frame_of(run_query(marts, text))), out)
        figure = f"\n![{said['question']}](figures/{name}.svg)\n"
    elif name == "release_essay_selloff" and (found := run_query(marts, WEEK)).rows:
        draw(name, week(frame_of(found)), out)
        figure = f"\n![{said['question']}](figures/{name}.svg)\n"
    look_at = f"Look at {said['look at']}"
    return f"## {said['question']}\n\n{look_at}\n[`{name}`](../sql/examples/{name}.sql)\n{figure}\n```\n{table}\n```\n"


def draw(name: str, chart: alt.LayerChart, out: Path) -> None:
    """Write a figure beside the page."""
    figures.save(chart, out / "figures" / f"{name}.svg")


def frame_of(result: QueryResult) -> pl.DataFrame:
    """Return an answer as a frame."""
    return pl.DataFrame(result.rows, schema=result.columns, orient="row", infer_schema_length=None)


if __name__ == "__main__":
    main()
