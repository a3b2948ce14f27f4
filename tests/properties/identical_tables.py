"""Studies whose tables are compared bit for bit, and the block sizes that must not show in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Final

import numpy as np
import polars as pl
import pytest

from pipelines.event_study import ReturnPanel, StudySpec, Window, estimates, group_tests, normal_returns, run_study
from pipelines.event_study.group_tests import battery, cross_correlation, placebo, resampling, residuals
from tests.event_study_inputs import a_spec, day, random_returns, resolved_pairs

Tables = dict[str, pl.DataFrame]

SPECS: Final[Mapping[str, dict[str, Any]]] = {
    "market": {},
    "market_log": {"return_type": "log"},
    "market_adjusted": {"model": "market_adjusted"},
    "constant_mean": {"model": "constant_mean"},
    "ff3": {"model": "ff3"},
    "linear": {"model": "linear", "factors": ("hml", "smb")},
    "scholes_williams": {"model": "scholes_williams"},
    "dimson": {"model": "dimson", "lags": 2},
    "dimson_sum": {"model": "dimson", "dimson_form": "sum"},
    "garch": {"model": "garch"},
    "hac": {"standard_errors": "hac"},
    "log_volume": {"measure": "log_volume"},
    "excluded_days": {"excluded_days": Window(-2, 2)},
}
"""Every way that a study is estimated."""

SYMBOLS: Final = tuple(f"S{number}" for number in range(5))
EVENT_DAYS: Final = (70, 73, 110, 130)
"""Days 0 on either side of one another's windows; the first two share estimation days and event days."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a study and its tests read."""

    returns: pl.DataFrame
    factors: pl.DataFrame
    pairs: pl.DataFrame
    groups: pl.DataFrame

    def shuffled(self, seed: int) -> Inputs:
        """Return the same rows in another order."""
        frames = (self.returns, self.factors, self.pairs, self.groups)
        return Inputs(*(frame.sample(fraction=1.0, shuffle=True, seed=seed + n) for n, frame in enumerate(frames)))


@cache
def inputs(symbols: tuple[str, ...] = SYMBOLS, event_days: tuple[int, ...] = EVENT_DAYS) -> Inputs:
    """Return prices with gaps and volumes, factors with a day missing, pairs and overlapping groups of them."""
    random = np.random.default_rng(31)
    always = sorted({index + offset for index in event_days for offset in (-1, 0)})
    returns = random_returns(29, n_symbols=5, n_sessions=140, missing=0.02, benchmark_missing=0.01, always=always)
    volume = pl.Series("volume", np.exp(12.0 + random.standard_normal(returns.height)))
    days = [day(number) for number in range(141) if number != 40]
    factors = pl.DataFrame(
        {"factor_date": days} | {name: 0.01 * random.standard_normal(140) for name in ("mkt_rf", "smb", "hml", "rf")}
    )
    pairs = resolved_pairs(returns, [(f"e{index}", symbol, index) for index in event_days for symbol in symbols])
    keys = pairs.select("event_id", "symbol")
    groups = pl.concat(
        keys.with_columns(pl.lit(by).alias("group_by"), value.alias("group_value"))
        for by, value in (("all", pl.lit("all")), ("event", pl.col("event_id")), ("symbol", pl.col("symbol")))
    )
    return Inputs(returns.with_columns(volume), factors, pairs, groups)


def inputs_of(name: str) -> Inputs:
    """Return the inputs of a study: few pairs for the model whose likelihood has to be climbed."""
    return inputs(SYMBOLS[:3], (70, 130)) if name == "garch" else inputs()


@cache
def spec_of(name: str) -> StudySpec:
    """Return a study that runs every test there is."""
    fields = {"min_estimation_obs": 20, "resamples": 49, "placebo_dates": 1 if name == "garch" else 4, "seed": 5}
    return a_spec(**(fields | SPECS[name]))


def tables(name: str, given: Inputs, threads: int | None = 1) -> Tables:
    """Run a study and its tests of groups."""
    panel = ReturnPanel.from_frame(given.returns, given.factors)
    result = run_study(spec_of(name), panel, given.pairs, threads=threads)
    return {
        "securities": result.securities,
        "abnormal_returns": result.abnormal_returns,
        "cars": result.cars,
        "group_tests": group_tests(result, given.groups),
    }


@cache
def expected(name: str) -> Tables:
    """Return the tables of rows in their own order, one thread, blocks as they ship."""
    return tables(name, inputs_of(name))


def differences(found: Tables, wanted: Tables) -> list[str]:
    """Name every column that is not the same, value for value and, of floats, byte for byte."""
    return [f"{name}.{problem}" for name in wanted for problem in _unequal(found[name], wanted[name])]


def _unequal(found: pl.DataFrame, wanted: pl.DataFrame) -> Iterator[str]:
    if found.schema != wanted.schema or found.height != wanted.height:
        yield f"shape: {found.shape} against {wanted.shape}, or other columns"
        return
    for column, other in zip(found.iter_columns(), wanted.iter_columns(), strict=True):
        is_same = column.equals(other, null_equal=True)
        if is_same and column.dtype.is_float():
            is_same = column.drop_nulls().to_numpy().tobytes() == other.drop_nulls().to_numpy().tobytes()
        if not is_same:
            rows = np.flatnonzero(~column.eq_missing(other).to_numpy())
            yield f"{column.name} in {rows.size} of {column.len()} rows, {rows[:3].tolist()} among them"


SIZES: Final = {
    "estimated pairs": (estimates, "BLOCK_SIZE"),
    "pairs fitted from sums": (normal_returns, "BLOCK_SIZE"),
    "pairs fitted from windows": (normal_returns, "WINDOW_BLOCK_SIZE"),
    "pairs of groups": (import_module("pipelines.event_study.group_tests"), "BATCH_SIZE"),
    "pairs with residuals": (residuals, "BLOCK_SIZE"),
    "pairs times windows": (battery, "SAMPLE_ELEMENTS"),
    "correlations": (cross_correlation, "_ROWS"),
    "draws": (resampling, "BLOCK_ELEMENTS"),
    "placebo fits": (placebo, "FIT_SIZE"),
}
"""Sizes of the pieces that work is cut into."""


@contextmanager
def block_sizes(*names: str, size: int) -> Iterator[None]:
    """Cut work into pieces of another size."""
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setattr(*SIZES[name], size)
        yield
