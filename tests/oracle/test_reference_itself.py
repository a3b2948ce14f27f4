"""The reference against numbers worked by hand or printed elsewhere, so that the engine is not held to a mistake."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.event_study import StudySpec, Window
from tests.event_study_inputs import a_spec, compounded, price_rows, returns_frame, wide_returns
from tests.oracle import reference_ranks, reference_resampling, reference_tests
from tests.oracle import test_engine_against_published as published
from tests.oracle.reference import Cumulated, Day, Market, Pair, listings, study_pair
from tests.oracle.reference_tests import Sample

DAY_0 = Window(0, 0)
FIRST = date(2024, 1, 1)


def a_pair(value: float, se: float, residuals: Sequence[float] = (), *, df: int = 18, symbol: str = "A") -> Pair:
    """Return a pair with one abnormal return and its standard error, and residuals on successive dates."""
    scar = value / se
    return Pair(
        "used",
        symbol=symbol,
        session=FIRST,
        n_obs=len(residuals),
        df=df,
        sigma=1.0,
        days={0: Day(FIRST, value, 0.0, value, se, scar, math.nan, 1.0)},
        cars={DAY_0: Cumulated(value, se, scar, math.nan, value, 1, is_complete=True)},
        residual={place - len(residuals): each for place, each in enumerate(residuals)},
        residual_on={FIRST - timedelta(days=len(residuals) - place): each for place, each in enumerate(residuals)},
    )


def of_values(*values: float) -> Sample:
    """Return a sample of pairs with these abnormal returns, each with a standard error of one."""
    return Sample(tuple(a_pair(value, 1.0) for value in values), DAY_0)


def a_hand_worked_study(spec: StudySpec) -> Pair:
    """Study the returns 6, 8, 10 | 12, 16 of a security against 5, 5, 7 | 3, 5 of the market."""
    security, market = ([6, 8, 10, 12, 16], [5, 5, 7, 3, 5])
    frame = returns_frame(price_rows("S", compounded(security)), price_rows("MKT", compounded(market)))
    return study_pair(spec, Market(listings(frame)), "S", event_index=4, last_index=5)


def test_a_market_model_of_three_days() -> None:
    """METHODS E: a -0.5, b 1.5, s^2 2, AR 8 and 9, V [[8, 2], [2, 3]], t(1) = 17/sqrt(15)."""
    both = Window(0, 1)
    spec = a_spec(estimation=Window(-3, -1), event=both, car_windows=(both,), min_estimation_obs=3)
    pair = a_hand_worked_study(spec)
    assert (pair.alpha, pair.beta, pair.sigma**2, pair.df) == (*map(pytest.approx, (-0.5, 1.5, 2.0)), 1)
    assert [pair.days[day].abnormal for day in both.days] == pytest.approx([8.0, 9.0])
    assert [pair.days[day].se ** 2 for day in both.days] == pytest.approx([8.0, 3.0])
    assert pair.cars[both].se ** 2 == pytest.approx(15.0)
    assert pair.cars[both].scar == pytest.approx(4.389381126, abs=5e-10)
    assert pair.cars[both].p_value == pytest.approx(2 / math.pi * math.atan(math.sqrt(15) / 17))


def test_patell_of_two_firms() -> None:
    """METHODS F: AR 0.02 with forecast deviations 0.044 and 0.088 over 20 days give z = 0.454545."""
    sample = Sample((a_pair(0.02, 0.044), a_pair(0.02, 0.088)), DAY_0)
    assert reference_tests.patell_z(sample).value == pytest.approx(0.454545454545, abs=5e-13)


@pytest.mark.parametrize(
    ("n", "r", "of_patell", "of_bmp"),
    [(30, 0.02, 0.7955573, 0.7875615), (100, 0.02, 0.5792844, 0.5734623), (11, 0.3, 0.5, 0.4183300)],
)
def test_kolari_pynnonen_multipliers(n: int, r: float, of_patell: float, of_bmp: float) -> None:
    """METHODS 2.4: residuals that all correlate by r shrink Patell's Z and the BMP t by the printed factors."""
    random = np.random.default_rng(1)
    centred = random.normal(size=(140, n + 1))
    common, *own = np.linalg.qr(centred - centred.mean(axis=0))[0].T
    residuals = [math.sqrt(r) * common + math.sqrt(1 - r) * each for each in own]
    pairs = tuple(a_pair(0.01 + 0.001 * place, 0.02, each.tolist()) for place, each in enumerate(residuals))
    sample = Sample(pairs, DAY_0)
    assert reference_tests.r_bar(pairs) == pytest.approx(r, rel=1e-10)
    patell = reference_tests.patell_z_adjusted(sample).value / reference_tests.patell_z(sample).value
    bmp = reference_tests.bmp_t_adjusted(sample).value / reference_tests.bmp_t(sample).value
    assert [patell, bmp] == pytest.approx([of_patell, of_bmp], abs=5e-8)


def test_cross_sectional_and_skewness_adjusted_t_of_three_values() -> None:
    """1, 2, 6: mean 3, sd sqrt(7), t 3/sqrt(7/3); S^2 = 9/7, g = 27/sqrt(7)^3 = S^3."""
    sample = of_values(1.0, 2.0, 6.0)
    s = 3 / math.sqrt(7)
    hall = math.sqrt(3) * (s + s**5 / 3 + s**9 / 27 + s**3 / 18)
    assert reference_tests.cross_sectional_t(sample).value == pytest.approx(3 / math.sqrt(7 / 3))
    assert reference_tests.skewness_adjusted_t(sample).value == pytest.approx(hall)


def test_p_values_of_known_quantiles() -> None:
    """5 % two-sided is 1.959964 of the normal, 12.706205 of t(1) and 2.228139 of t(10)."""
    assert reference_tests.z_test(1.959963984540054).p_value == pytest.approx(0.05)
    assert reference_tests.t_test(12.706204736432095, 1).p_value == pytest.approx(0.05)
    assert reference_tests.t_test(2.2281388519649385, 10).p_value == pytest.approx(0.05)


def test_clusters_of_four_values() -> None:
    """1, 3 | 5, 7 of two securities: deviations add up to -4 and 4, V = 2 (16 + 16)/16 = 4, t(1) = 4/2."""
    pairs = tuple(a_pair(value, 1.0, symbol=symbol) for value, symbol in zip((1, 3, 5, 7), "AABB", strict=True))
    found = reference_tests.clustered(Sample(pairs, DAY_0), reference_tests.by_firm)
    assert [found.value, found.df] == pytest.approx([2.0, 1.0])


def test_signed_ranks_of_seven_positive_values() -> None:
    """W+ is 28 of 28, which two of the 2^7 equally likely signs reach: p = 1/64; the sign test has z = sqrt(7)."""
    sample = of_values(*(0.01 * place for place in range(1, 8)))
    found = reference_ranks.wilcoxon_w(sample)
    assert [found.value, found.p_value] == pytest.approx([28.0, 1 / 64])
    assert reference_ranks.sign_z(sample).value == pytest.approx(math.sqrt(7))


def test_ranks_share_their_places() -> None:
    """2, 1, 2, 3 have ranks 2.5, 1, 2.5, 4 and median 2."""
    assert reference_ranks.ranks([2.0, 1.0, 2.0, 3.0]) == [2.5, 1.0, 2.5, 4.0]
    assert reference_ranks.median([2.0, 1.0, 2.0, 3.0]) == 2.0


@pytest.mark.parametrize(("length", "most"), [(120, 1.7178), (240, 1.7249)])
def test_a_rank_test_of_one_event_stays_below_the_root_of_three(length: int, most: float) -> None:
    """METHODS 2.3: the largest Corrado Z of one event is 1.7178 with T = 121 and 1.7249 with 241, GRANK's t sqrt(3)."""
    residuals = np.random.default_rng(2).normal(size=length).tolist()
    sample = Sample((a_pair(1000.0, 1.0, residuals),), DAY_0)
    assert reference_ranks.corrado_rank_z(sample).value == pytest.approx(most, abs=5e-5)
    assert reference_ranks.grank_t(sample).value == pytest.approx(math.sqrt(3))


def test_cross_sectional_variance_of_three_pairs() -> None:
    """1, 2, 6 with unit variances: N (e - mean) is -6, -3, 9, each term over N (N - 2) + N = 6, so 126/6 = 21."""
    found = reference_ranks.volatility_chi2(of_values(1.0, 2.0, 6.0))
    assert [found.value, found.df] == pytest.approx([21.0, 2.0])


def test_volatility_of_two_pairs() -> None:
    """With d = 18, u has mean 18/16 and variance 2 18^2 17/(16^2 14): u = 4 and 1 give 2.75/sqrt(2 x 3.07366)."""
    found = reference_ranks.volatility_z(of_values(2.0, -1.0))
    assert found.value == pytest.approx(2.75 / math.sqrt(2 * 2 * 324 * 17 / (256 * 14)))


def test_exact_distributions_of_few_values() -> None:
    """1, 2, 3 have |sum| 6 in two of eight signs; of two values 1, 3 two of four draws have no deviation."""
    assert reference_resampling.wild_bootstrap_p([1.0, 2.0, 3.0]) == 2 / 8
    assert reference_resampling.pairs_bootstrap_p([1.0, 3.0]) == 2 / 4


def covid_pairs(shared: Path) -> tuple[Pair, ...]:
    """Study estudy2's seven stocks on 2020-03-16, in the order of their symbols."""
    stocks, index = (
        pl.read_csv(shared / "reference" / "estudy2_covid" / name, try_parse_dates=True, null_values="NA")
        for name in ("prices.csv", "prices_indx.csv")
    )
    frame = wide_returns(stocks.join(index, on="date", how="left", maintain_order="left"))
    market, last = Market(listings(frame)), stocks.height - 1
    day_0 = frame.filter(pl.col("session_date") == published.COVID_DAY_0)["session_index"][0]
    return tuple(study_pair(published.COVID, market, symbol, day_0, last) for symbol in sorted(published.CARS))


def test_covid_values_are_the_published_ones(shared: Path) -> None:
    """METHODS A: CARs, SCARs and every textbook statistic by day and over five days, as estudy2's data give them."""
    pairs, window = covid_pairs(shared), Window(0, 4)
    for pair in pairs:
        car, scar = published.CARS[pair.symbol]
        assert (pair.cars[window].car, pair.cars[window].scar) == (published.printed(car), published.printed(scar))
    for name, values in published.BY_DAY.items():
        samples = [Sample(pairs, Window(day, day)) for day in range(5)]
        found = [each.caar if name == "aar" else reference_ranks.GROUP_TESTS[name](each).value for each in samples]
        assert found == [published.printed(value) for value in values], name
    for name, value in published.OVER_WINDOW.items():
        assert reference_ranks.GROUP_TESTS[name](Sample(pairs, window)).value == published.printed(value), name
    assert reference_tests.r_bar(pairs) == published.printed(published.R_BAR)
    ranked = reference_ranks.by_day(reference_ranks.rank_scores(Sample(pairs, window)))
    scaled = {day: reference_ranks.root_n_mean(values) for day, values in ranked.items()}
    spread = sum(each**2 for each in scaled.values()) / len(scaled)
    assert scaled[0] / math.sqrt(spread) == published.printed(".8778896")
