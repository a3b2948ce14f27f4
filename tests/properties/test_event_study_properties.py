"""What must hold of any study, whatever the prices: Hypothesis looks for a counter-example."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from pipelines.event_study import ReturnPanel, StudyResult, StudySpec, Window, group_tests, run_study
from tests.event_study_inputs import (
    a_spec,
    compounded,
    price_rows,
    random_returns,
    resolved_pairs,
    returns_frame,
    with_returns,
)
from tests.properties.identical_tables import block_sizes

SEEDS = st.integers(0, 10_000)
GAPS = st.sampled_from([0.0, 0.03, 0.15, 0.6])
SPECS = st.builds(
    a_spec,
    model=st.sampled_from(["market", "market_adjusted", "constant_mean"]),
    return_type=st.sampled_from(["simple", "log"]),
    min_estimation_obs=st.integers(3, 30),
)
FRAMES = ("securities", "abnormal_returns", "cars")
EVENT_DAYS = (20, 46, 80, 117)
RTOL = 1e-7
"""Multiplying prices changes each return by rounding, which a fit over few days may enlarge."""


def study(spec: StudySpec, returns: pl.DataFrame, **options: int) -> StudyResult:
    """Run a study of every symbol, the benchmark among them, on each of the event days."""
    symbols = returns["symbol"].unique().sort()
    asked = [(f"e{index}", symbol, index) for symbol, index in itertools.product(symbols, EVENT_DAYS)]
    return run_study(spec, ReturnPanel.from_frame(returns), resolved_pairs(returns, asked), **options)


def by_event(result: StudyResult) -> pl.DataFrame:
    """Return the group tests by event."""
    groups = result.securities.select("event_id", "symbol", group_by=pl.lit("event"), group_value="event_id")
    return group_tests(result, groups)


def same(left: StudyResult, right: StudyResult) -> bool:
    """Tell whether two results are the same bit for bit, group tests included."""
    frames = all(getattr(left, name).equals(getattr(right, name)) for name in FRAMES)
    return frames and by_event(left).equals(by_event(right))


@given(seed=SEEDS, gaps=GAPS, spec=SPECS, exponent=st.integers(-6, 6))
@settings(max_examples=15)
def test_prices_times_a_power_of_two_change_nothing(seed: int, gaps: float, spec: StudySpec, exponent: int) -> None:
    """Multiplying all prices by a power of two leaves every bit of every result."""
    returns = random_returns(seed, missing=gaps, benchmark_missing=gaps / 3)
    scaled = with_returns(returns.with_columns(pl.col("return_price") * 2.0**exponent))
    assert same(study(spec, returns), study(spec, scaled))


@given(seed=SEEDS, spec=SPECS, factor=st.floats(1e-3, 1e3))
@settings(max_examples=15)
def test_prices_in_another_currency_unit_change_rounding_only(seed: int, spec: StudySpec, factor: float) -> None:
    """Multiplying all prices by any factor leaves abnormal returns, CARs and their statistics."""
    returns = random_returns(seed)
    scaled = with_returns(returns.with_columns(pl.col("return_price") * factor))
    plain, other = study(spec, returns), study(spec, scaled)
    for name, columns in (
        ("abnormal_returns", ("abnormal_return", "abnormal_return_se", "std_abnormal_return")),
        ("cars", ("car", "car_se", "t_stat", "bhar")),
    ):
        for column in columns:
            left, right = (
                getattr(result, name).filter(pl.col("symbol") != "MKT")[column].to_numpy() for result in (plain, other)
            )
            np.testing.assert_allclose(left, right, rtol=RTOL, atol=1e-11)


@given(seed=SEEDS, gaps=GAPS, return_type=st.sampled_from(["simple", "log"]))
@settings(max_examples=15)
def test_benchmark_against_itself_has_no_abnormal_return(seed: int, gaps: float, return_type: str) -> None:
    """The benchmark studied against itself has abnormal returns of rounding size and no t statistic."""
    returns = random_returns(seed, missing=gaps, benchmark_missing=gaps / 2, always=(79, 80))
    for model in ("market", "market_adjusted"):
        spec = a_spec(model=model, return_type=return_type, min_estimation_obs=3)
        pair = resolved_pairs(returns, [("e", "MKT", 80)])
        result = run_study(spec, ReturnPanel.from_frame(returns), pair)
        assert result.securities["status"].to_list() == ["used"]
        assert result.abnormal_returns["abnormal_return"].drop_nulls().abs().max() < 1e-14
        assert result.abnormal_returns["std_abnormal_return"].is_null().all()
        assert result.cars["t_stat"].is_null().all()


@given(seed=SEEDS, gaps=GAPS, spec=SPECS, shuffle=SEEDS)
@settings(max_examples=15)
def test_order_of_rows_and_pairs_does_not_matter(seed: int, gaps: float, spec: StudySpec, shuffle: int) -> None:
    """Shuffled prices and pairs give the same sorted frames, bit for bit."""
    returns = random_returns(seed, missing=gaps, benchmark_missing=gaps / 3)
    pairs = resolved_pairs(returns, [(f"e{index}", symbol, index) for symbol in ("S0", "S1") for index in EVENT_DAYS])
    plain = run_study(spec, ReturnPanel.from_frame(returns), pairs)
    mixed = run_study(
        spec,
        ReturnPanel.from_frame(returns.sample(fraction=1.0, shuffle=True, seed=shuffle)),
        pairs.sample(fraction=1.0, shuffle=True, seed=shuffle + 1),
    )
    assert same(plain, mixed)


@given(seed=SEEDS, gaps=GAPS, spec=SPECS, size=st.integers(1, 25), threads=st.integers(1, 4))
@settings(max_examples=20)
def test_blocks_and_threads_do_not_matter(seed: int, gaps: float, spec: StudySpec, size: int, threads: int) -> None:
    """Blocks of pairs of any size, on any number of threads, give the same result bit for bit."""
    returns = random_returns(seed, missing=gaps, benchmark_missing=gaps / 3)
    plain = study(spec, returns, threads=1)
    with block_sizes("estimated pairs", "pairs fitted from sums", "pairs fitted from windows", size=size):
        assert same(plain, study(spec, returns, threads=threads))


@given(seed=SEEDS, gaps=GAPS, benchmark_gaps=GAPS, spec=SPECS)
@settings(max_examples=25)
def test_every_pair_is_accounted_for_once(seed: int, gaps: float, benchmark_gaps: float, spec: StudySpec) -> None:
    """In equals used plus pending plus excluded; whoever is not used has a reason, whoever is has its rows."""
    returns = random_returns(seed, missing=gaps, benchmark_missing=benchmark_gaps)
    result = study(spec, returns)
    ledger = result.securities
    asked = set(itertools.product((f"e{index}" for index in EVENT_DAYS), returns["symbol"].unique()))
    assert ledger.height == len(asked)
    assert set(ledger.select("event_id", "symbol").rows()) == asked
    assert set(ledger["status"]) <= {"used", "pending", "excluded"}
    assert ledger.filter(pl.col("status") != "used")["reason"].null_count() == 0
    used = ledger.filter(status="used")
    assert (used["n_estimation_obs"] >= spec.min_estimation_obs).all()
    assert result.abnormal_returns.height == used.height * spec.event.length
    assert result.cars.height == used.height * len(spec.car_windows)
    assert result.abnormal_returns.filter(relative_day=0)["abnormal_return"].null_count() == 0


@given(seed=SEEDS, gaps=GAPS, spec=SPECS)
@settings(max_examples=15)
def test_pair_does_not_depend_on_its_company(seed: int, gaps: float, spec: StudySpec) -> None:
    """A pair studied alone has the rows that it has among others, but for p-values adjusted over all pairs."""
    returns = random_returns(seed, missing=gaps, benchmark_missing=gaps / 3, always=(79, 80))
    together = study(spec, returns)
    alone = run_study(spec, ReturnPanel.from_frame(returns), resolved_pairs(returns, [("e80", "S2", 80)]))
    for name in FRAMES:
        row = getattr(together, name).filter(event_id="e80", symbol="S2").drop("p_holm", "p_bh", strict=False)
        assert row.equals(getattr(alone, name).drop("p_holm", "p_bh", strict=False))


@given(seed=SEEDS, spec=SPECS, start=st.integers(-5, 5), length=st.integers(1, 11))
@settings(max_examples=15)
def test_cars_of_adjacent_windows_add_up(seed: int, spec: StudySpec, start: int, length: int) -> None:
    """The CAR of a window is the sum of the CARs of its two parts."""
    end = start + length - 1
    assume(end <= 5 and length > 1)
    middle = start + length // 2
    windows = (Window(start, end), Window(start, middle - 1), Window(middle, end))
    whole = a_spec(
        model=spec.model, return_type=spec.return_type, car_windows=windows, min_estimation_obs=spec.min_estimation_obs
    )
    cars = study(whole, random_returns(seed, missing=0.05)).cars
    parts = [cars.filter(window_start=window.start, window_end=window.end)["car"].fill_null(0.0) for window in windows]
    np.testing.assert_allclose(parts[0], parts[1] + parts[2], rtol=1e-12, atol=1e-15)


@given(seed=SEEDS, other=SEEDS)
@settings(max_examples=10)
def test_prices_after_the_event_window_do_not_matter(seed: int, other: int) -> None:
    """What happens after the event window changes nothing: the study does not look ahead."""
    returns = random_returns(seed)
    later = random_returns(other).filter(pl.col("session_index") > 85)
    changed = with_returns(pl.concat([returns.filter(pl.col("session_index") <= 85), later]))
    pairs = resolved_pairs(returns, [("e", "S0", 80)])
    before, after = (run_study(a_spec(), ReturnPanel.from_frame(frame), pairs) for frame in (returns, changed))
    assert all(getattr(before, name).equals(getattr(after, name)) for name in FRAMES)


def null_study(model: str) -> tuple[StudyResult, pl.DataFrame]:
    """Study 3,000 pairs of normal returns without any reaction, 18 estimation days each.

    They share the market's moves where the model takes those out, so that the pairs are independent.
    """
    random = np.random.default_rng(97)
    n_sessions, day_0 = 30, 24
    market = 0.01 * random.standard_normal(n_sessions)
    common = 0.0 if model == "constant_mean" else market
    paths = {f"S{number:04d}": common + 0.02 * random.standard_normal(n_sessions) for number in range(3_000)}
    listings = [price_rows(symbol, compounded(np.expm1(path))) for symbol, path in ({"MKT": market} | paths).items()]
    spec = a_spec(
        model=model,
        return_type="log",
        estimation=Window(-23, -6),
        event=Window(-5, 5),
        car_windows=(Window(-5, 5),),
        min_estimation_obs=18,
    )
    returns = returns_frame(*listings)
    pairs = resolved_pairs(returns, [("e", symbol, day_0) for symbol in paths])
    result = run_study(spec, ReturnPanel.from_frame(returns), pairs)
    groups = result.securities.select(
        "event_id", "symbol", group_by=pl.lit("ten"), group_value=pl.col("symbol").str.slice(0, 4)
    )
    return result, group_tests(result, groups)


@pytest.mark.parametrize("model", ["market", "market_adjusted", "constant_mean"])
def test_p_values_are_uniform_when_nothing_happens(model: str) -> None:
    """Under the null, p-values of days, of CARs and of the exact tests are uniform, also after a short estimation."""
    result, tests = null_study(model)
    assert result.securities["status"].unique().to_list() == ["used"]
    samples = {
        "days": result.abnormal_returns.filter(relative_day=0)["p_value"],
        "CARs": result.cars["p_value"],
        "patell_z": tests.filter(test="patell_z", window_start=-5, window_end=5)["p_value"],
        "bmp_t": tests.filter(test="bmp_t", window_start=-5, window_end=5)["p_value"],
    }
    for name, p_values in samples.items():
        assert stats.kstest(p_values.to_numpy(), "uniform").pvalue > 0.001, name
        assert p_values.len() >= 300
