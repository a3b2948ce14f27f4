"""Print to how many digits the engine agrees with other implementations, statistic by statistic.

    uv run python tests/benchmarks/agreement_with_peers.py
    uv run python tests/benchmarks/agreement_with_peers.py --out agreement.md

The values are those that the oracle tests compare with, in ../shared/reference: twenty stocks on one date (E1) and
nine events on nine dates (E4) by three models of simple and of log returns, and estudy2's COVID example. Digits are
-log10 of the largest relative difference, 16 at most. They are fewest where a value is itself a difference of nearly
equal numbers, and for log returns, as the log of a ratio and a difference of logs differ in about the 16th decimal.
Where the golden value follows another definition than ours, the definition that was exchanged is named.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from rich.progress import Progress

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.modules["tests"] = ModuleType("tests")  # a package of that name is installed by one of the dependencies
sys.modules["tests"].__path__ = [str(ROOT / "tests")]

from pipelines.event_study import StudyResult, Window, group_tests  # noqa: E402
from pipelines.event_study.conventions import OTHERS, Definitions, statistic  # noqa: E402
from pipelines.event_study.differences import explain_difference  # noqa: E402
from tests.event_study_inputs import wide_returns  # noqa: E402
from tests.oracle import golden, test_conventions  # noqa: E402

Case = tuple[str, str, str]

MOST: Final = 16.0
NOTHING: Final = 1e-9
"""Change of a statistic below which a definition makes no difference."""
RETURNS: Final = ("simple", "log")
NO_SHARED: Final = 2
"""Exit code when the reference data is not there."""

SWITCHED: Final[dict[str, tuple[str, Definitions, str]]] = {
    "kp": ("bmp_t_adjusted", Definitions(correlation="relative_day"), "correlation = relative_day"),
    "kp_car": ("bmp_t_adjusted", Definitions(correlation="relative_day"), "correlation = relative_day"),
    "rank_w": ("corrado_rank_z", Definitions(rank_days="event_window"), "rank_days = event_window"),
    "rank_cz_w": ("corrado_zivney_rank_z", Definitions(rank_days="event_window"), "rank_days = event_window"),
    "sign_cz_w": ("corrado_zivney_sign_z", Definitions(rank_days="event_window"), "rank_days = event_window"),
}
"""Golden statistic to our test, the definitions that make it, and their words."""


class Compared(NamedTuple):
    """Values of one golden statistic in one case beside ours."""

    golden: str
    ours: str
    switch: str
    rows: pl.DataFrame


def digits(rows: pl.DataFrame, reference: str) -> float:
    """Return the digits to which `found` agrees with a column on its worst row, NaN if the column is empty."""
    known = rows.drop_nulls(reference)
    if not known.height:
        return float("nan")
    difference = (known["found"] - known[reference]).abs().fill_null(float("inf")).to_numpy()
    size = known[reference].abs().to_numpy()
    relative = difference / np.where(size > 0, size, 1.0)
    return float(np.clip(-np.log10(max(relative.max(), 10.0**-MOST)), 0.0, MOST))


def of_pairs(folder: Path, case: Case) -> Iterator[Compared]:
    """Yield what is compared by pair, day and window."""
    result = golden.study(folder, *case)
    days, windows = golden.days(result), golden.windows(result)
    length = pl.col("window_end") - pl.col("window_start") + 1
    days = days.with_columns(simple_t=pl.col("abnormal_return") / pl.col("sigma"))
    windows = windows.with_columns(
        variance=pl.col("car_se") ** 2, simple_t=pl.col("car") / (pl.col("sigma") * length.sqrt())
    )
    simple = "no prediction error: AR/s"
    held = "bhar_normal = benchmark, bhar_compounding = simple"
    wanted = [
        *((stat, result.securities, column, "") for stat, column in golden.OF_PAIRS.items()),
        *((stat, days, column, "") for stat, column in golden.OF_DAYS.items()),
        *((stat, windows, column, "") for stat, column in golden.OF_WINDOWS.items()),
        ("var_car_full", windows, "variance", ""),
        ("ar_t", days, "simple_t", simple),
        ("car_t", windows, "simple_t", f"{simple}, CAR/(s sqrt(L2))"),
        ("bhar", peers_bhar(folder, case, result), "bhar", held),
    ]
    for stat, frame, column, switch in wanted:
        reference = golden.expected(folder, "events.csv", case, stat)
        name = {"variance": "car_se^2", "simple_t": "rebuilt from sigma"}.get(column, column)
        yield Compared(stat, name, switch, golden.matched(frame, reference, column))


def peers_bhar(folder: Path, case: Case, result: StudyResult) -> pl.DataFrame:
    """Return the security minus the benchmark, returns of either kind compounded as simple ones."""
    market = wide_returns(golden.table(folder, golden.PANELS[case[0]])).filter(symbol="SPX")
    day_by_day = result.abnormal_returns.join(
        market.select("session_date", benchmark=f"{case[2]}_return"), on="session_date"
    )
    held = [
        day_by_day.filter(pl.col("relative_day").is_between(window.start, window.end))
        .group_by("event_id")
        .agg(bhar=(1 + pl.col("actual_return")).product() - (1 + pl.col("benchmark")).product())
        .with_columns(window=pl.lit(str(window)))
        for window in golden.WINDOWS
    ]
    return pl.concat(held)


def of_groups(folder: Path, case: Case) -> Iterator[Compared]:
    """Yield what is compared over all pairs."""
    frames = golden.over_all_pairs(folder, case)
    for keys, names in golden.STATISTICS.items():
        for stat, test in names.items():
            reference = golden.expected(folder, "aggregate.csv", case, stat)
            if keys == "both":
                reference = reference.filter(day=0, window="[0,0]")
            rows = golden.matched(frames[keys].filter(test=test), reference, "statistic")
            p_value = golden.matched(frames[keys].filter(test=test), reference, "p_value")
            label = f"{stat}, day 0 of [0,0]" if keys == "both" else stat
            yield Compared(label, test, "", rows.with_columns(p_value["found"].alias("p_value")))
    for stat, keys, column, name in (
        ("aar", "day", "caar", "caar of a day"),
        ("caar", "window", "caar", "caar"),
        ("rho_bar_cal", "both", "r_bar", "r_bar"),
    ):
        reference = golden.expected(folder, "aggregate.csv", case, stat)
        found = frames[keys].filter(test="bmp_t_adjusted")
        if stat == "rho_bar_cal":
            reference, found = reference.drop("day", "window"), found.drop("day", "window")
            rows = reference.with_columns(found=pl.lit(found[column].item()))
        else:
            rows = golden.matched(found, reference, column)
        yield Compared(stat, name, "", rows)


def by_switch(folder: Path, case: Case) -> Iterator[Compared]:
    """Yield statistics that follow another definition, computed with that definition exchanged."""
    estimates = golden.study(folder, *case).estimates
    everyone = np.arange(estimates.pairs.size)
    for stat, (test, definitions, switch) in SWITCHED.items():
        reference = golden.expected(folder, "aggregate.csv", case, stat)
        if stat.endswith("_w"):  # the event window is the study's, which is the widest of the reference
            reference = reference.filter(window="[-10,10]")
        is_day = reference["day"].is_not_null().all()
        spans = [
            Window(day, day) if is_day else Window(*map(int, window.strip("[]").split(",")))
            for day, window in reference.select("day", "window").iter_rows()
        ]
        found = [statistic(definitions, estimates, everyone, window, test) for window in spans]
        yield Compared(stat, test, switch, reference.with_columns(found=pl.Series(found, dtype=pl.Float64)))


def peer_table(folder: Path) -> list[str]:
    """Compare all cases and return the table."""
    found: dict[tuple[str, str, str], dict[Case, pl.DataFrame]] = defaultdict(dict)
    with Progress() as progress:
        for case in progress.track(golden.CASES, description="comparing"):
            for compare in (of_pairs, of_groups, by_switch):
                for stat, ours, switch, rows in compare(folder, case):
                    found[stat, ours, switch][case] = rows
    columns = [(event_set, model) for event_set in golden.PANELS for model in golden.MODELS]
    head = " | ".join(f"{event_set} {model}" for event_set, model in columns)
    lines = [f"| golden | ours | {head} | p-value | peer | exchanged |", f"|---|---|{'--:|' * 7}---|---|"]
    for (stat, ours, switch), by_case in found.items():
        values = {case: digits(rows, "value_oracle") for case, rows in by_case.items()}
        cells = " | ".join(_cell(values, event_set, model) for event_set, model in columns)
        of_p = [each for each in map(_p_digits, by_case.values()) if not np.isnan(each)]
        p_value = _shown(min(of_p, default=float("nan")))
        lines.append(f"| {stat} | {ours} | {cells} | {p_value} | {_peers(by_case.values())} | {switch} |")
    return lines


def _p_digits(rows: pl.DataFrame) -> float:
    if "p_value" not in rows.columns:
        return float("nan")
    return digits(rows.drop("found").rename({"p_value": "found"}), "p_oracle")


def _shown(agreement: float) -> str:
    return "-" if np.isnan(agreement) else f"{agreement:.1f}"


def _cell(values: dict[Case, float], event_set: str, model: str) -> str:
    found = [values[event_set, model, kind] for kind in RETURNS]
    return "-" if np.isnan(found).all() else " / ".join(map(_shown, found))


def _peers(frames: Iterable[pl.DataFrame]) -> str:
    """Name the peers that print the statistic, and the digits to which we agree with what they print."""
    worst: dict[str, float] = {}
    for rows in frames:
        for (peer,), part in rows.drop_nulls("value_peer").partition_by("peer", as_dict=True).items():
            name = str(peer).split(" (")[0]
            worst[name] = min(digits(part, "value_peer"), worst.get(name, MOST))
    return ", ".join(f"{peer} ({agreement:.1f})" for peer, agreement in sorted(worst.items()))


def covid_table(shared: Path) -> list[str]:
    """Compare with what two programs print for estudy2's example, and return the table."""
    lines = ["| program | test | printed | digits | exchanged |", "|---|---|--:|--:|---|"]
    one_day = pl.col("window_start") == pl.col("window_end")
    for (convention, test), printed in test_conventions.BY_DAY.items():
        result = test_conventions.study(shared, convention)
        everyone = test_conventions.everyone(result)
        rows = group_tests(result, everyone).filter(one_day, test=test).sort("window_start").head(len(printed))
        exchanged: list[str] = []
        if convention in OTHERS:
            steps = explain_difference(result, everyone, convention).filter(one_day, pl.col("change").abs() > NOTHING)
            exchanged = steps.filter(test=test).sort("step")["definition"].unique(maintain_order=True).to_list()
        compared = rows.select("window_start", found="statistic", printed=pl.Series(map(float, printed)))
        shown = max(len(text.split(".")[1].lstrip("0")) for text in printed)
        agreement = digits(compared, "printed")
        lines.append(f"| {convention} | {test} | {shown} | {agreement:.1f} | {', '.join(exchanged)} |")
    return lines


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared", help="folder with reference/")
    parser.add_argument("--out", type=Path, help="file to write the tables to")
    options = parser.parse_args()
    folder = options.shared / "reference" / "peers"
    if not folder.is_dir():
        print(
            "the reference data (../shared/reference) is not beside this checkout, so there is nothing to compare "
            "with; name its folder with --shared",
            file=sys.stderr,
        )
        return NO_SHARED
    text = "\n".join([*peer_table(folder), "", *covid_table(options.shared)]) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
