"""A pair that a study cannot use keeps its row, with a status and a reason a reader can act on."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.event_study import StudySpec, Window, run_study
from pipelines.event_study.screening import Outcome
from tests.event_study_inputs import a_spec, day, panel_of, random_returns, resolved_pairs, with_returns

RETURNS = random_returns(11, n_symbols=2, n_sessions=100)
DAY_0 = 80


def without(symbol: str, *indices: int) -> pl.DataFrame:
    """Return RETURNS without some sessions of a symbol."""
    gone = (pl.col("symbol") == symbol) & pl.col("session_index").is_in(list(indices))
    return with_returns(RETURNS.filter(~gone))


def ledger(
    returns: pl.DataFrame,
    spec: StudySpec | None = None,
    symbol: str = "S0",
    event_index: int = DAY_0,
    **changes: object,
) -> dict[str, object]:
    """Return the ledger's row of a study of one pair."""
    pairs = resolved_pairs(RETURNS, [("e", symbol, event_index)]).with_columns(
        pl.lit(value).alias(name) for name, value in changes.items()
    )
    return run_study(spec or a_spec(), panel_of(returns), pairs).securities.row(0, named=True)


def test_window_that_is_not_complete_yet_is_pending() -> None:
    """A pair whose event window reaches beyond the last price waits, and says how far prices reach."""
    row = ledger(RETURNS, event_index=96)
    assert row["status"] == "pending"
    assert row["reason"] == "window ends 5 sessions after day 0; prices reach day +4 (2024-04-10)"
    assert ledger(RETURNS, event_index=95)["status"] == "used"


def test_day_0_after_the_last_price_is_pending() -> None:
    """A pair whose day 0 is still to come waits too."""
    row = ledger(RETURNS, event_index=100, last_index=98)
    assert (row["status"], row["reason"]) == (
        "pending",
        "window ends 5 sessions after day 0; prices reach day -2 (2024-04-08)",
    )


def test_prices_that_ended_exclude_the_pair() -> None:
    """A listing whose prices have ended for good cannot complete the window."""
    row = ledger(RETURNS, event_index=96, is_ended=True)
    assert row["status"] == "excluded"
    assert row["reason"] == "prices end 2024-04-10, before the event window is complete"
    assert ledger(RETURNS, event_index=95, is_ended=True)["status"] == "used"


def test_too_few_estimation_sessions_exclude_the_pair() -> None:
    """A pair with too short a history says how many sessions it has, how many it needs and when prices start."""
    late = with_returns(RETURNS.filter((pl.col("symbol") != "S0") | (pl.col("session_index") >= 66)))
    row = ledger(late)
    assert (row["status"], row["n_estimation_obs"], row["alpha"]) == ("excluded", 8, None)
    assert row["reason"] == (
        "S0 has 8 usable estimation sessions in [-40,-6]; the study needs 10 (min_estimation_obs). "
        "First price: 2024-03-07."
    )
    assert ledger(late, a_spec(min_estimation_obs=8))["status"] == "used"


def test_only_sessions_with_both_returns_count() -> None:
    """A session counts for the estimation when security and benchmark both have a return over it."""
    # S0 has no price at 50: the returns at 50 and 51 are missing; MKT has none at 60: no match at 60 and 61.
    returns = with_returns(without("S0", 50).filter((pl.col("symbol") != "MKT") | (pl.col("session_index") != 60)))
    assert ledger(returns)["n_estimation_obs"] == 35 - 4
    assert ledger(returns, a_spec(model="constant_mean"))["n_estimation_obs"] == 35 - 2


@pytest.mark.parametrize(
    ("symbol", "index", "spec", "reason"),
    [
        ("S0", 80, a_spec(), "S0 has no price on 2024-03-21"),
        ("S0", 79, a_spec(), "S0 has no return on 2024-03-21, because it has no price on the session before"),
        ("MKT", 80, a_spec(), "the benchmark MKT has no price on 2024-03-21"),
        ("MKT", 79, a_spec(), "the benchmark MKT has no price on 2024-03-20"),
        ("S0", 80, a_spec(model="constant_mean"), "S0 has no price on 2024-03-21"),
    ],
)
def test_no_abnormal_return_on_day_0_excludes_the_pair(symbol: str, index: int, spec: StudySpec, reason: str) -> None:
    """A pair without an abnormal return on day 0 says which price is missing, and on which day."""
    row = ledger(without(symbol, index), spec)
    assert (row["status"], row["reason"]) == ("excluded", f"no abnormal return on day 0: {reason}")


def test_both_missing_benchmark_prices_are_named() -> None:
    """A benchmark that is closed on both ends of the security's return is named with both days."""
    row = ledger(without("MKT", 79, 80))
    assert row["reason"] == "no abnormal return on day 0: the benchmark MKT has no price on 2024-03-20 and 2024-03-21"


def test_return_over_several_sessions_is_matched_over_all_of_them() -> None:
    """A return that the caller gives over a gap is compared with the benchmark over the same days."""
    gone = (pl.col("symbol") == "S0") & (pl.col("session_index") == DAY_0 - 1)
    over_gap = RETURNS.filter(~gone)
    assert ledger(over_gap)["status"] == "used"
    row = ledger(with_returns(over_gap))
    assert row["reason"] == (
        "no abnormal return on day 0: S0 has no return on 2024-03-21, because it has no price on the session before"
    )
    market_gap = (pl.col("symbol") == "MKT") & (pl.col("session_index") == DAY_0 - 2)
    reason = ledger(over_gap.filter(~market_gap))["reason"]
    assert reason == "no abnormal return on day 0: the benchmark MKT has no price on 2024-03-19"


def test_return_that_is_missing_although_prices_are_there_is_said_to_be() -> None:
    """A return the caller left out is not blamed on a price."""
    gone = (pl.col("symbol") == "S0") & (pl.col("session_index") == DAY_0)
    returns = RETURNS.with_columns(pl.when(~gone).then("simple_return").alias("simple_return"))
    assert ledger(returns)["reason"] == "no abnormal return on day 0: S0 has no return on 2024-03-21"


def test_benchmark_that_does_not_move_excludes_the_pair() -> None:
    """Without variation of the benchmark there is no beta."""
    still = with_returns(
        RETURNS.with_columns(pl.when(symbol="MKT").then(7.3).otherwise("return_price").alias("return_price"))
    )
    row = ledger(still)
    assert row["status"] == "excluded"
    assert row["reason"] == "the benchmark MKT does not move in [-40,-6], so beta cannot be estimated"
    assert (row["beta"], row["n_estimation_obs"]) == (None, 35)
    assert ledger(still, a_spec(model="market_adjusted"))["status"] == "used"


def test_symbol_without_prices_is_excluded_and_not_dropped() -> None:
    """A pair whose symbol the panel does not hold keeps its row."""
    row = ledger(RETURNS, event_index=DAY_0, symbol="S1") | {}
    assert row["status"] == "used"
    pairs = resolved_pairs(RETURNS, [("e", "S1", DAY_0)]).with_columns(symbol=pl.lit("GONE"))
    lost = run_study(a_spec(), panel_of(RETURNS), pairs).securities.row(0, named=True)
    assert (lost["status"], lost["reason"], lost["n_estimation_obs"]) == ("excluded", "GONE has no prices", None)


def test_only_used_pairs_have_abnormal_returns() -> None:
    """A study of used, pending and excluded pairs has all of them in the ledger and the used ones in the rest."""
    asked = [("used", "S0", 80), ("pending", "S0", 97), ("too-early", "S0", 15), ("used", "S1", 80)]
    result = run_study(a_spec(), panel_of(RETURNS), resolved_pairs(RETURNS, asked))
    assert result.securities.select("event_id", "status").rows() == [
        ("pending", "pending"),
        ("too-early", "excluded"),
        ("used", "used"),
        ("used", "used"),
    ]
    assert result.abnormal_returns["event_id"].unique().to_list() == ["used"]
    assert result.cars.select("event_id", "symbol").unique().sort("symbol").rows() == [("used", "S0"), ("used", "S1")]


def test_day_0_comes_from_the_listings_own_count() -> None:
    """The same date is another session of a listing that counts differently."""
    shifted = RETURNS.with_columns(
        pl.when(symbol="S0").then(pl.col("session_index") + 1000).otherwise("session_index").alias("session_index")
    )
    pairs = resolved_pairs(RETURNS, [("e", "S0", DAY_0)]).with_columns(event_index=1080, last_index=1100)
    spec = a_spec(event=Window(-5, 5))
    moved = run_study(spec, panel_of(shifted), pairs)
    assert moved.securities["event_session"].to_list() == [day(DAY_0)]
    assert moved.cars.equals(run_study(spec, panel_of(RETURNS), resolved_pairs(RETURNS, [("e", "S0", DAY_0)])).cars)


def test_every_outcome_has_a_status_of_the_ledger() -> None:
    """Outcomes are used, pending or excluded."""
    assert {outcome.status for outcome in Outcome} == {"used", "pending", "excluded"}
