"""Seeded panels with gaps, holidays and factors, and the engine and the slow reference run on them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import polars as pl

from pipelines.event_study import ReturnPanel, StudyResult, StudySpec, Window, run_study
from tests.event_study_inputs import FIRST_DAY, PRICE_COLUMNS, a_spec, random_returns, with_returns
from tests.oracle import reference
from tests.oracle.reference_tests import Sample

Samples = dict[tuple[str, str, int, int], Sample]
"""Samples by `group_by`, `group_value` and the window's first and last day."""

EVENTS = (64, 84, 130, 170, 218)
"""Sessions of the events of every security: the first two share most estimation days, the last is pending."""

N_SESSIONS = 220
FACTORS = ("rf", "mkt_rf", "smb", "hml", "mom", "rmw", "cma")

NO_FACTORS = pl.DataFrame(schema={"factor_date": pl.Date} | dict.fromkeys(FACTORS, pl.Float64))

PANELS = {
    "complete": {"missing": 0.0, "benchmark_missing": 0.0},
    "security": {"missing": 0.04, "benchmark_missing": 0.0},
    "both": {"missing": 0.03, "benchmark_missing": 0.03},
    "holidays": {"missing": 0.02, "benchmark_missing": 0.0},
}
"""Rates of missing sessions; on the panel with holidays half of the securities do not trade two days in seven."""

MODELS: dict[str, dict[str, object]] = {
    "market": {"model": "market"},
    "market, log": {"model": "market", "return_type": "log"},
    "market_adjusted": {"model": "market_adjusted"},
    "market_adjusted, log": {"model": "market_adjusted", "return_type": "log"},
    "constant_mean": {"model": "constant_mean"},
    "constant_mean, log": {"model": "constant_mean", "return_type": "log"},
    "capm": {"model": "capm"},
    "capm of factors": {"model": "capm", "benchmark_symbol": None},
    "ff3": {"model": "ff3"},
    "carhart": {"model": "carhart"},
    "ff5": {"model": "ff5"},
    "linear": {"model": "linear", "factors": ("smb", "mom")},
    "linear, log": {"model": "linear", "factors": ("smb", "mom"), "return_type": "log"},
    "dimson": {"model": "dimson"},
    "dimson, log": {"model": "dimson", "leads": 0, "lags": 2, "return_type": "log"},
    "dimson, summed": {"model": "dimson", "dimson_form": "sum", "leads": 2},
    "dimson, summed, log": {"model": "dimson", "dimson_form": "sum", "return_type": "log"},
    "scholes_williams": {"model": "scholes_williams"},
    "scholes_williams, log": {"model": "scholes_williams", "return_type": "log"},
    "market, clean": {"model": "market", "excluded_days": Window(-1, 3)},
}
"""Every least-squares model with every return type it allows, and one that leaves out days around other events."""


def a_loop_spec(name: str, **changes: object) -> StudySpec:
    """Return the study of a model of MODELS."""
    fields: dict[str, object] = {
        "estimation": Window(-60, -6),
        "event": Window(-2, 3),
        "car_windows": (Window(-1, 1), Window(0, 2), Window(-2, 3)),
        "min_estimation_obs": 25,
    }
    return a_spec(**(fields | MODELS[name] | changes))


@dataclass
class Loop:
    """A study of every security of a panel at EVENTS, by the engine and by the reference."""

    spec: StudySpec
    returns: pl.DataFrame
    factors: pl.DataFrame
    events: tuple[int, ...] = EVENTS

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """The pairs asked for; an event without a price keeps its session, and a date that is not looked at."""
        symbols = self.returns.filter(pl.col("symbol") != "MKT").group_by("symbol")
        last = symbols.agg(last_index=pl.col("session_index").max())
        asked = last.join(pl.DataFrame({"event_index": self.events}), how="cross")
        on = self.returns.select("symbol", "session_date", event_index="session_index")
        return (
            asked.join(on, on=["symbol", "event_index"], how="left")
            .with_columns(
                event_id=pl.format("e{}", "event_index"),
                event_session=pl.col("session_date").fill_null(FIRST_DAY),
                is_ended=pl.lit(False),
            )
            .sort("event_id", "symbol")
        )

    @cached_property
    def engine(self) -> StudyResult:
        """What the engine finds."""
        return run_study(self.spec, ReturnPanel.from_frame(self.returns, self.factors), self.pairs)

    @cached_property
    def market(self) -> reference.Market:
        """The panel as the reference reads it."""
        rows = {row.pop("factor_date"): row for row in self.factors.to_dicts()}
        return reference.Market(reference.listings(self.returns), rows)

    @cached_property
    def reference(self) -> dict[tuple[str, str], reference.Pair]:
        """What the reference finds, by event and symbol."""
        return {
            (row["event_id"], row["symbol"]): reference.study_pair(
                self.spec, self.market, row["symbol"], row["event_index"], row["last_index"], self.events
            )
            for row in self.pairs.iter_rows(named=True)
        }


@cache
def a_loop(model: str, panel: str, seed: int, **changes: object) -> Loop:
    """Return a study of a model of MODELS on a panel of PANELS."""
    returns = random_returns(seed, n_symbols=6, n_sessions=N_SESSIONS * 7 // 5, **PANELS[panel])
    if panel == "holidays":
        returns = without_holidays(returns)
    factors = random_factors(seed, returns, missing=PANELS[panel]["benchmark_missing"])
    return Loop(a_loop_spec(model, **changes), returns.filter(pl.col("session_index") < N_SESSIONS), factors)


def without_holidays(returns: pl.DataFrame) -> pl.DataFrame:
    """Take two days in seven from S3, S4 and S5; they count the sessions that are left, so returns span holidays."""
    number = pl.col("session_index")
    is_short = pl.col("symbol").is_in(["S3", "S4", "S5"])
    kept = returns.filter(~is_short | (number % 7 < 5))
    recounted = pl.when(is_short).then(number // 7 * 5 + number % 7).otherwise(number)
    daily = kept.with_columns(session_index=recounted)
    prices = daily.filter((pl.col("symbol") == "MKT") | (pl.col("session_index") < N_SESSIONS)).select(*PRICE_COLUMNS)
    return with_returns(prices)


def random_factors(seed: int, returns: pl.DataFrame, missing: float) -> pl.DataFrame:
    """Return seeded factor returns on the dates of a panel, some dates left out."""
    random = np.random.default_rng([seed, 1])
    dates = returns["session_date"].unique().sort()
    values = {name: 0.0002 + 0.006 * random.standard_normal(dates.len()) for name in FACTORS}
    values["rf"] = random.uniform(0.00005, 0.0002, dates.len())
    kept = random.uniform(size=dates.len()) >= missing
    return pl.DataFrame({"factor_date": dates} | values).filter(kept)


def samples_of(loop: Loop, groups: pl.DataFrame) -> Samples:
    """Return what the reference makes of every group that has used pairs, in every window."""
    members = defaultdict(list)
    for event_id, symbol, *group in sorted(groups.iter_rows()):
        pair = loop.reference[event_id, symbol]
        if pair.status == "used":
            members[tuple(group)].append(pair)
    windows = {*loop.spec.car_windows, *(Window(day, day) for day in loop.spec.event.days)}
    return {
        (*group, window.start, window.end): Sample(tuple(pairs), window)
        for group, pairs in members.items()
        for window in windows
    }
