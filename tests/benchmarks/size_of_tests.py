"""Measure how often each test rejects a true null at 5 %, where its assumptions hold and where they do not.

    uv run python tests/benchmarks/size_of_tests.py
    uv run python tests/benchmarks/size_of_tests.py --studies 10000 --seed 1 --out sizes.md
    uv run python tests/benchmarks/size_of_tests.py --tails 4

Studies of 30 pairs, market model, 250 estimation sessions, windows [0,0] and [-5,5], in three designs (see
simulated_studies): independent dates; one common date with residuals correlated by 0.15 on average; residual variance
tripled in the event window. Beside each size stands what the literature says of the test there, and the size that
follows from theory for a large estimation window; beside those, how often the engine itself calls the test not valid
in that design, and how often it rejects when every pair has an abnormal return on day 0.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path
from typing import Final

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the products are small, and threads wait for each other
sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

import numpy as np  # noqa: E402
from rich.progress import Progress  # noqa: E402
from scipy import stats  # noqa: E402
from simulated_studies import (  # noqa: E402
    EXPECTED,
    LEVEL,
    N_PAIRS,
    REASONS,
    WINDOWS,
    Design,
    Outcomes,
    Reason,
    band,
    designs,
    simulate,
    study_of,
)

BAND: Final = float(stats.norm.isf(0.025))
"""Standard errors of the Monte Carlo band of 95 %."""

POWER_STUDIES: Final = 1_000
"""Studies of which the power is told, at most."""

FAR: Final = 4.0
"""Standard errors beyond which chance is no explanation, however many sizes are looked at."""


def verdict(size: float, reason: Reason, window: int, n_studies: int) -> str:
    """Say whether a size is the expected one: yes, nearly (within four standard errors) or no."""
    if np.isnan(size):
        return "yes" if reason.word == "no value" or (reason.rates and np.isnan(reason.rates[window])) else "no"
    low, high = band(n_studies, LEVEL, BAND)
    if reason.word == "over":
        return "yes" if size > high else "no"
    if reason.word == "under":
        return "yes" if size < low else "no"
    rate = reason.rates[window] if reason.rates else LEVEL
    for answer, errors in (("yes", BAND), ("nearly", FAR)):
        low, high = band(n_studies, rate, errors)
        if low <= size <= high:
            return answer
    return "no"


def rows(design: int, null: Outcomes, shifted: Outcomes | None) -> list[str]:
    """Return the rows of a design's table."""
    n_studies = null.p_value.shape[1]
    low, high = band(n_studies, LEVEL, BAND)
    lines = []
    for test in null.tests:
        reason = REASONS[EXPECTED[test][design]]
        sizes = [null.size(test, window) for window in range(len(WINDOWS))]
        cells = [_percent(size) if low <= size <= high or np.isnan(size) else f"**{_percent(size)}**" for size in sizes]
        theory = "" if reason.rates is None else " / ".join(_percent(rate) for rate in reason.rates)
        answers = {verdict(size, reason, window, n_studies) for window, size in enumerate(sizes)}
        answer = next(word for word in ("no", "nearly", "yes") if word in answers)
        flagged = " / ".join(f"{100 * null.flagged(test, window):.0f}" for window in range(len(WINDOWS)))
        power = "" if shifted is None else _percent(shifted.size(test, 0))
        said = reason.word + (f": {reason.text}" if reason.text else "")
        lines.append(f"| {test} | {' | '.join(cells)} | {said} | {theory} | {answer} | {flagged} | {power} |")
    return lines


def _percent(rate: float) -> str:
    return "-" if np.isnan(rate) else f"{100 * rate:.1f}"


def report(found: list[tuple[Design, Outcomes, Outcomes | None]], effect: float, seconds: float) -> str:
    """Return the whole report."""
    n_studies = found[0][1].p_value.shape[1]
    low, high = band(n_studies, LEVEL, BAND)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    lines = [
        f"{n_studies:,} studies of {N_PAIRS} pairs by design; 95 % of the sizes of a test that holds lie in "
        f"{100 * low:.1f} to {100 * high:.1f} %, others are bold. "
        f"{seconds:.0f} s on {cores} cores {platform.machine()}.",
    ]
    windows = " | ".join(f"{window} %" for window in WINDOWS)
    for place, (design, null, shifted) in enumerate(found):
        tails = f", Student's t({design.tails}) residuals" if design.tails else ""
        lines += [
            "",
            f"**{design.name}**{tails}",
            "",
            f"| test | {windows} | literature | theory % | as expected | called not valid % | "
            f"power of [0,0] at {100 * effect:g} % |",
            "|---|--:|--:|---|--:|---|--:|--:|",
            *rows(place, null, shifted),
        ]
    counts = ", ".join(f"{word} {sum(f'| {word} |' in line for line in lines)}" for word in ("yes", "nearly", "no"))
    return "\n".join([*lines, "", f"as expected: {counts} (nearly: outside the band, within 4 standard errors)"]) + "\n"


def main() -> int:
    """Simulate, print the tables, and return 1 if a test has a size that it should not have."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1_000, help="studies of each design")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--effect", type=float, default=0.01, help="abnormal return for the power; 0 leaves it out")
    parser.add_argument("--resamples", type=int, default=499, help="draws of the bootstraps; 0 leaves them out")
    parser.add_argument("--placebo-dates", type=int, default=39, help="dates of the placebo test; 0 leaves it out")
    parser.add_argument("--tails", type=int, default=0, help="t residuals (expectations stay those of normal ones)")
    parser.add_argument("--out", type=Path, help="file to write the tables to")
    options = parser.parse_args()
    spec = study_of(resamples=options.resamples, placebo_dates=options.placebo_dates)
    effects = {0.0: options.studies} | ({options.effect: min(options.studies, POWER_STUDIES)} if options.effect else {})
    started = time.perf_counter()
    found: list[tuple[Design, Outcomes, Outcomes | None]] = []
    with Progress() as progress:
        for design in designs(options.tails):
            task = progress.add_task(design.name, total=sum(effects.values()))
            outcomes = [
                simulate(
                    design,
                    spec,
                    n_studies,
                    seed=options.seed,
                    effect=effect,
                    advance=lambda n, task=task: progress.advance(task, n),  # type: ignore[misc]
                )
                for effect, n_studies in effects.items()
            ]
            found.append((design, outcomes[0], outcomes[1] if options.effect else None))
    text = report(found, options.effect, time.perf_counter() - started)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    return int("| no |" in text)


if __name__ == "__main__":
    raise SystemExit(main())
