"""Measure how fast news is deduplicated, linked and themed, and how the time grows with the number of items.

    uv run python tests/benchmarks/bench_news.py                     1e4, 1e5 and 1e6 items, one after the other
    uv run python tests/benchmarks/bench_news.py --rows 100000       one size
    uv run python tests/benchmarks/bench_news.py --alike 100000      the worst case: headlines that are all alike

Each size runs in a process of its own, on two threads, and prints its seconds, what each step took, and the most memory
it held, with the interpreter, its libraries and the raw items. Headlines are generated: names and phrases that the
rules know among words that they do not, 20 % near duplicates of a headline of the two days before.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIZES = (10_000, 100_000, 1_000_000)
PER_DAY = 10_000
SHARE_OF_DUPLICATES = 0.2
N_WORDS = 40_000
SEED = 20250127
LIMITS = (60.0, 2_000)
FORMS = (
    "{name} {verb} {word} {topic} {word}",
    "{name} and {name} {verb} {topic} {word} {word}",
    "{word} {word} {verb} {word} in {word} {word}",
    "{topic}: {word} {word} {verb} {word} {number} {word}",
    "{name} {verb} {number} {word} {word} as {topic} {verb} {word}",
    "Why {word} {word} {word} {verb} the {word} {word}",
    "{word} {verb} {word} {word} after {word} {topic}",
    "{word} {word} of {word} {word} and {word}",
)
VERBS = ("says", "lifts", "cuts", "reports", "signs", "opens", "plans", "warns", "adds", "sells", "wins", "loses")


def headlines(n_rows: int, seed: int = SEED) -> list[str]:
    """Return headlines in the order of their time, a fifth of them copies with changes."""
    import numpy as np

    rng = np.random.default_rng(seed)
    words, names, topics = vocabulary(rng)
    rank = rng.zipf(1.25, size=n_rows * 8) % len(words)
    draws = iter([words[i] for i in rank.tolist()])
    picks = rng.integers(0, 1 << 30, size=(n_rows, 8)).tolist()
    is_copy = (rng.random(n_rows) < SHARE_OF_DUPLICATES).tolist()
    made: list[str] = []
    for row, pick in enumerate(picks):
        if is_copy[row] and row:
            back = 1 + pick[0] % min(row, 2 * PER_DAY - 1)
            made.append(changed(made[row - back], pick[1]))
            continue
        parts = FORMS[pick[0] % len(FORMS)].split(" ")
        chosen = []
        for place, part in enumerate(parts):
            number = pick[place % 8] >> 7
            chosen.append(
                part.replace("{word}", next(draws))
                if "{word}" in part
                else part.replace("{name}", names[number % len(names)])
                .replace("{topic}", topics[number % len(topics)])
                .replace("{verb}", VERBS[number % len(VERBS)])
                .replace("{number}", str(number % 900))
            )
        made.append(" ".join(chosen))
    return made


def vocabulary(rng: object) -> tuple[list[str], list[str], list[str]]:
    """Return invented words, names and topics; half of the names and most topics are those of the data files."""
    import numpy as np
    import polars as pl

    assert isinstance(rng, np.random.Generator)
    syllables = [c + v + e for c in "bdfgklmnprstvz" for v in "aeiou" for e in ("", "n", "r", "s", "l")]
    parts = rng.integers(0, len(syllables), size=(N_WORDS, 4))
    lengths = rng.integers(1, 5, size=N_WORDS)
    words = ["".join(syllables[i] for i in row[:length]) for row, length in zip(parts.tolist(), lengths, strict=True)]
    aliases = pl.read_csv(ROOT / "sql/seeds/news_aliases.csv", infer_schema=False)["alias"].to_list()
    rules = pl.read_csv(ROOT / "sql/seeds/news_themes.csv", infer_schema=False)["any_of"].drop_nulls()
    topics = [term.strip("*") for cell in rules for term in cell.split("|") if term[:1].isalpha()]
    return words, aliases + [word.title() for word in words[: len(aliases)]], topics + words[: len(topics)]


def changed(title: str, pick: int) -> str:
    """Return a headline as another publisher would print it."""
    forms: tuple[Callable[[], str], ...] = (
        lambda: f"{title} - Daily Wire",
        lambda: f"UPDATE 1-{title}",
        title.upper,
        lambda: title.replace(" ", "  ") + ".",
        lambda: title[:-1] if len(title) > 30 else title,
        lambda: " | ".join((title, "Markets Today")),
    )
    return forms[pick % len(forms)]()


def alike(n_rows: int) -> list[str]:
    """Return headlines that differ in one word or number, each from each."""
    return [
        f"Shares of the largest semiconductor manufacturers rise again after quarterly report {i}x"
        for i in range(n_rows)
    ]


def rows_of(titles: list[str]) -> object:
    """Return raw items with these titles, ten thousand a day."""
    import polars as pl

    n_rows = len(titles)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    at = pl.int_range(n_rows, eager=True) * int(86_400e6 / PER_DAY)
    available = (pl.lit(start) + at.cast(pl.Duration("us"))).cast(pl.Datetime("us", "UTC"))
    number = pl.int_range(n_rows, eager=True).cast(pl.String)
    return pl.DataFrame({"title": titles}).select(
        batch_id=pl.lit("b"),
        row_number=pl.int_range(pl.len()),
        source=pl.lit("feeds"),
        item_id="guid-" + number,
        url="https://www.example.com/news/" + number + "?utm_source=rss&id=" + number,
        title="title",
        summary=pl.lit(None, pl.String),
        publisher=pl.lit("Example"),
        occurred_at=available,
        time_text=pl.lit(None, pl.String),
        time_basis=pl.lit("stated"),
        precision=pl.lit("minute"),
        available_at=available,
        symbols=pl.lit("[]"),
        kind=pl.lit("headline"),
        attributes=pl.lit("{}"),
        fetched_at=available + timedelta(minutes=5),
    )


def peak_mb() -> float:
    """Return the most memory that this process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(n_rows: int, *, worst_case: bool) -> dict[str, float]:
    """Read generated news once and return seconds, steps and memory."""
    sys.path.insert(0, str(ROOT))
    import polars as pl

    from pipelines.news import Dictionary, ThemeRules
    from pipelines.news.clusters import cluster
    from pipelines.news.items import fold
    from pipelines.news.reading import read_text

    def seed(name: str) -> pl.DataFrame:
        return pl.read_csv(ROOT / "sql/seeds" / name, infer_schema=False)

    rows = rows_of(alike(n_rows) if worst_case else headlines(n_rows))
    assert isinstance(rows, pl.DataFrame)
    held = peak_mb()
    laps = [("", time.perf_counter())]
    cpu = time.process_time()
    dictionary = Dictionary.of(seed("news_aliases.csv"), seed("securities.csv"))
    rules = ThemeRules.of(seed("news_themes.csv"), seed("news_term_lists.csv"))
    laps.append(("prepare", time.perf_counter()))
    items = fold(rows).items
    laps.append(("fold", time.perf_counter()))
    found = cluster(items)
    laps.append(("cluster", time.perf_counter()))
    links, themes = read_text(items, dictionary, rules)
    laps.append(("links_and_themes", time.perf_counter()))
    return {
        "rows": n_rows,
        "seconds": laps[-1][1] - laps[0][1],
        "cpu_seconds": time.process_time() - cpu,
        **{name: at - before for (_, before), (name, at) in pairwise(laps)},
        "peak_mb": peak_mb(),
        "input_mb": held,
        "items": items.height,
        "clusters": found["cluster_id"].n_unique(),
        "links": links.height,
        "themes": themes.height,
    }


def in_own_process(n_rows: int, *, worst_case: bool) -> dict[str, float]:
    """Measure in a process of its own, so that memory and threads are of this size alone."""
    arguments = [sys.executable, __file__, "--child", "--alike" if worst_case else "--rows", str(n_rows)]
    done = subprocess.run(
        arguments, check=True, capture_output=True, text=True, env={**os.environ, "POLARS_MAX_THREADS": "2"}
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main() -> None:
    """Measure and print one line per size, and the exponent of the growth between the sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, help="one size instead of three")
    parser.add_argument("--alike", type=int, help="that many headlines that are all alike")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.alike or options.rows, worst_case=bool(options.alike))))
        return
    sizes = [options.alike] if options.alike else [options.rows] if options.rows else list(SIZES)
    results = [in_own_process(size, worst_case=bool(options.alike)) for size in sizes]
    for result in results:
        print("  ".join(f"{key} {value:,.1f}".removesuffix(".0") for key, value in result.items()))
    for small, large in pairwise(results):
        exponent = math.log(large["cpu_seconds"] / small["cpu_seconds"]) / math.log(large["rows"] / small["rows"])
        print(f"{small['rows']:,.0f} to {large['rows']:,.0f} items: CPU time grows as n^{exponent:.2f}")
    last = results[-1]
    if last["rows"] == SIZES[-1] and not options.alike:
        seconds, megabytes = LIMITS
        kept = last["seconds"] < seconds and last["peak_mb"] < megabytes
        print(f"limits for a million items: {seconds:.0f} s and {megabytes} MB: {'kept' if kept else 'NOT kept'}")
        if last["seconds"] > last["cpu_seconds"]:
            print("seconds exceed CPU seconds: others used the machine, and it is their share that is measured too")


if __name__ == "__main__":
    main()
