"""Reactions of single sessions: those of a study of that day, found on all days without a look ahead."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pipelines.contracts import DAY_REACTIONS
from pipelines.event_study import ReactionRule, ReturnPanel, StudySpec, Window, day_reactions, run_study
from tests.event_study_inputs import compounded, day, price_rows, resolved_pairs, returns_frame

RULE = ReactionRule(threshold=3.0, estimation=Window(-40, -6), min_estimation_obs=20)
N = 200
JUMP = 150
NO_DAYS = pl.DataFrame(schema={"symbol": pl.String, "session_date": pl.Date})


def market() -> pl.DataFrame:
    """Return an index, a share that follows it and jumps on one day, and a coin that the index has no part in."""
    rng = np.random.default_rng(20250127)
    index = rng.normal(0.0, 0.01, N)
    share = 1.2 * index + rng.normal(0.0, 0.01, N)
    share[JUMP - 1] -= 0.17
    coin = rng.normal(0.0, 0.02, N)
    return returns_frame(
        price_rows("INDEX", compounded(index)),
        price_rows("SHARE", compounded(share)),
        price_rows("COIN", compounded(coin)),
    )


def benchmarks() -> pl.DataFrame:
    """Return the index of each security; that of the coin has no prices."""
    return pl.DataFrame({"symbol": ["INDEX", "SHARE", "COIN"], "benchmark_symbol": ["INDEX", "INDEX", "NOWHERE"]})


def reactions(returns: pl.DataFrame, days: pl.DataFrame = NO_DAYS, rule: ReactionRule = RULE) -> pl.DataFrame:
    """Return the reactions of a frame of returns."""
    return day_reactions(ReturnPanel.from_frame(returns), benchmarks(), days, rule)


def studied(returns: pl.DataFrame, symbol: str, model: str) -> pl.DataFrame:
    """Return what a study of every session of one security finds, by the same windows."""
    spec = StudySpec(
        study_id="s",
        title="t",
        model=model,
        benchmark_symbol="INDEX" if model == "market" else None,
        return_type="simple",
        estimation=RULE.estimation,
        event=Window(-5, 5),
        car_windows=(Window(0, 0),),
        min_estimation_obs=RULE.min_estimation_obs,
    )
    pairs = resolved_pairs(returns, [(str(number), symbol, number) for number in range(60, N - 5)])
    found = run_study(spec, ReturnPanel.from_frame(returns), pairs).abnormal_returns
    return found.filter(pl.col("relative_day") == 0)


@pytest.mark.parametrize(("symbol", "model"), [("SHARE", "market"), ("COIN", "constant_mean")])
def test_a_reaction_is_that_of_a_study_of_its_day(symbol: str, model: str) -> None:
    """Statistic, error and p-value agree with the engine's to 1e-10 on every session that both have."""
    returns = market()
    study = studied(returns, symbol, model)
    days = study.select("symbol", "session_date")
    found = reactions(returns, days).join(study, on=["symbol", "session_date"], suffix="_of_study")
    assert found.height == study.height
    assert set(found["model"]) == {model}
    for name in ("abnormal_return", "abnormal_return_se", "std_abnormal_return", "p_value"):
        np.testing.assert_allclose(found[name], found[f"{name}_of_study"], rtol=1e-10, atol=1e-14)


def test_every_session_that_passes_the_threshold_is_found_and_no_other() -> None:
    """What a study of each day finds above the threshold is what is found at once; the jump is among it."""
    returns = market()
    study = studied(returns, "SHARE", "market").filter(pl.col("std_abnormal_return").abs() >= RULE.threshold)
    span = pl.col("session_date").is_between(day(60), day(N - 6))
    found = reactions(returns).filter(pl.col("symbol") == "SHARE", span)
    assert found["session_date"].to_list() == study.sort("session_date")["session_date"].to_list()
    assert day(JUMP) in found["session_date"].to_list()
    assert found["is_mover"].all()


def test_nothing_that_comes_later_changes_a_reaction() -> None:
    """Without the sessions after a day, and with others in their place, every reaction up to it is the same."""
    returns = market()
    until = pl.col("session_date") <= day(JUMP)
    other = returns.with_columns(
        pl.when(until).then("return_price").otherwise(pl.col("return_price") * 3.0).alias("return_price"),
        pl.when(until).then("simple_return").otherwise(pl.col("simple_return") * -9.0).alias("simple_return"),
    )
    wanted = returns.filter(until).select("symbol", "session_date")
    cut = reactions(returns.filter(until), wanted)
    assert cut.height > 300
    assert reactions(returns, wanted).filter(until).equals(cut)
    assert reactions(other, wanted).filter(until).equals(cut)


def test_a_day_that_is_asked_for_is_there_whatever_its_size() -> None:
    """A quiet day 0 is listed as one; a day that cannot be judged is not."""
    asked = pl.DataFrame({"symbol": ["SHARE", "SHARE", "NOBODY"], "session_date": [day(100), day(3), day(100)]})
    found = reactions(market(), asked, ReactionRule(50.0, RULE.estimation, RULE.min_estimation_obs))
    assert found.select("symbol", "session_date", "is_mover").rows() == [("SHARE", day(100), False)]
    assert found.schema == DAY_REACTIONS.polars_schema


def test_a_session_without_a_return_of_the_index_is_judged_by_the_securitys_own_mean() -> None:
    """Of a share that trades while the index rests, the day is not lost, and its model says so."""
    returns = market()
    rests = (pl.col("symbol") == "INDEX") & (pl.col("session_date") == day(JUMP))
    found = reactions(returns.filter(~rests)).filter(pl.col("symbol") == "SHARE", pl.col("session_date") == day(JUMP))
    assert found.select("model", "benchmark_symbol").rows() == [("constant_mean", None)]


def test_an_index_is_held_against_its_own_mean() -> None:
    """A market model of the index on itself has no residual."""
    found = reactions(market(), pl.DataFrame({"symbol": ["INDEX"], "session_date": [day(100)]}))
    assert found.filter(pl.col("symbol") == "INDEX")["model"].unique().to_list() == ["constant_mean"]


def test_sessions_before_are_counted_from_the_first_that_can_be_judged() -> None:
    """The first session with twenty returns in its window is number 0: returns 1 to 20 are those of session 26."""
    asked = pl.DataFrame({"symbol": ["SHARE"] * 3, "session_date": [day(25), day(26), day(27)]})
    found = reactions(market(), asked).filter(pl.col("symbol") == "SHARE", pl.col("session_date") <= day(27))
    assert found.select("session_date", "n_sessions_before", "n_estimation_obs", "df").rows() == [
        (day(26), 0, 20, 18),
        (day(27), 1, 21, 19),
    ]


def test_a_price_that_does_not_move_has_no_reaction() -> None:
    """Without a residual variance there is no statistic and no mover."""
    returns = returns_frame(price_rows("FLAT", [5.0] * 100))
    days = pl.DataFrame({"symbol": ["FLAT"], "session_date": [day(90)]})
    lone = pl.DataFrame(
        {"symbol": ["FLAT"], "benchmark_symbol": [None]}, schema_overrides={"benchmark_symbol": pl.String}
    )
    found = day_reactions(ReturnPanel.from_frame(returns), lone, days, RULE)
    assert found.select("std_abnormal_return", "is_mover").rows() == [(None, False)]
