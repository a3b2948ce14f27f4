"""Did DeepSeek move Nvidia? The published marts' answer, as a marimo notebook.

    uv run marimo edit notebooks/deepseek.py      # work in it
    uv run python notebooks/deepseek.py           # run it once

It reads the published file as any DuckDB client does, and draws with the figures of the documentation.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="DeepSeek and Nvidia")


@app.cell
def imports():
    import duckdb
    import marimo as mo

    from pipelines.home import MARTS_FILE, find_home
    from pipelines.report import figures

    return MARTS_FILE, duckdb, figures, find_home, mo


@app.cell
def published(MARTS_FILE, duckdb, find_home, mo):
    marts = duckdb.connect(str(find_home() / MARTS_FILE), read_only=True)
    generation, studies = marts.sql(
        "select generation_id, (select list(study_id) from dim_studies) from generations"
    ).fetchall()[0]
    # The market model where there is an index; the bundled sample has none.
    study = "deepseek-market-model" if "deepseek-market-model" in studies else "deepseek-constant-mean"
    mo.md(
        "# Did DeepSeek move Nvidia?\n\n"
        "R1 was released on 2025-01-20, a holiday in New York. A week later Nvidia lost a sixth of its value. "
        "Was it R1, the essay of the weekend between, or what the essay is about? "
        f"The marts are `{generation}`, the study is `{study}`."
    )
    return marts, study


@app.cell
def week(marts, mo, study):
    events = marts.sql(
        f"""
        select pairs.event_session as day_0, cars.event_id, cars.car, cars.t_stat, cars.p_value
        from fct_event_cars as cars
        inner join fct_study_securities as pairs using (study_id, event_id, symbol)
        where cars.study_id = '{study}' and cars.symbol = 'NVDA' and cars.window_start = 0 and cars.window_end = 0
        order by day_0, event_id
        """
    ).fetchall()
    rows = [f"| {day} | {event} | {car:+.2%} | {t:+.2f} | {p:.2g} |" for day, event, car, t, p in events]
    same_day = sum(day == events[-1][0] for day, *_ in events)
    mo.md(
        "## The week, event by event\n\n"
        "| day 0 | event | abnormal return of NVDA | t | p |\n|---|---|---|---|---|\n"
        + "\n".join(rows)
        + f"\n\n{same_day} of the {len(events)} events have the same day 0. Daily prices cannot tell these apart; "
        "they can say what the release alone did."
    )
    return (events,)


@app.cell
def paths(figures, marts, study):
    days = marts.sql(
        f"""
        select
            symbol, relative_day,
            cum_abnormal_return - max(cum_abnormal_return) filter (where relative_day = -1) over (partition by symbol)
                as cum_abnormal_return
        from fct_abnormal_returns
        where study_id = '{study}' and event_id = 'deepseek-r1-release' and relative_day >= -5
            and symbol in ('NVDA', 'AVGO', 'VRT', 'TSM', 'AAPL', 'META')
        order by symbol, relative_day
        """
    ).pl()
    path_figure = figures.event_path(
        days,
        title="The days around R1's release",
        subtitle="Cumulative abnormal return since the eve of 2025-01-21 (day 0)",
    )
    path_figure
    return (path_figure,)


@app.cell
def who(figures, marts, study):
    moved = marts.sql(
        f"""
        select symbol, car, car_se, df, p_value, p_holm
        from fct_event_cars
        where study_id = '{study}' and event_id = 'nvda-record-selloff' and window_start = 0 and window_end = 0
        qualify row_number() over (order by p_holm, p_value) <= 25
        order by car
        """
    ).pl()
    who_figure = figures.intervals(
        moved, title="The clearest moves of 2025-01-27", subtitle="Grey: p above 0.05 after Holm's correction"
    )
    who_figure
    return (who_figure,)


@app.cell
def money(marts, mo):
    lost = marts.sql(
        """
        select value_change_usd / 1e9 as change, abnormal_value_usd / 1e9 as abnormal
        from fct_value_impact
        where event_id = 'nvda-record-selloff' and symbol = 'NVDA'
        """
    ).fetchall()
    in_money = "Nvidia's share count of that day is not in these marts, so there is no sum in money."
    for change, abnormal in lost:
        in_money = (
            f"In money: {change:+,.0f} bn USD, {abnormal:+,.0f} bn of it beyond what the study expects of the day."
        )
    mo.md(in_money)
    return (in_money,)


@app.cell
def conclusion(events, in_money, mo):
    of_nvda = {event: (day, car, p) for day, event, car, _, p in events}
    release_day, release_car, release_p = of_nvda["deepseek-r1-release"]
    fall_day, fall_car, fall_p = of_nvda["nvda-record-selloff"]
    answer = (
        f"R1's release, first tradable on {release_day}: {release_car:+.1%} (p = {release_p:.2g}). The session of "
        f"{fall_day}, the first that could hold the essay and the app's rank: {fall_car:+.1%} (p = {fall_p:.2g}). "
        f"{in_money}"
    )
    mo.md(f"## Answer\n\n{answer}")
    return (answer,)


if __name__ == "__main__":
    app.run()
