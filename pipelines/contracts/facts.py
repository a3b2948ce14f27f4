"""Contracts of the published facts."""

from __future__ import annotations

from pipelines.contracts.model import Column, Table
from pipelines.contracts.vocabulary import DAY0_RULES, SIGNS, STATUSES, TESTS

_STUDY = Column("study_id", "text", "study, see dim_studies")
_EVENT = Column("event_id", "text", "event, see dim_events")
_SYMBOL = Column("symbol", "text", "security")
_WINDOW_START = Column("window_start", "integer", "first relative day of the window", unit="sessions")
_WINDOW_END = Column("window_end", "integer", "last relative day of the window", unit="sessions")
_N_OBS = Column(
    "n_estimation_obs", "integer", "usable sessions in the estimation window", unit="sessions", nullable=True, minimum=0
)
_ALPHA = Column("alpha", "float", "intercept of the normal-return model; 0 where it has none", nullable=True)
_BETA = Column(
    "beta", "float", "slope on the market, leads and lags summed; null for a model without one", nullable=True
)
_SIGMA = Column(
    "sigma", "float", "residual standard deviation, divisor L1-k", unit="decimal", nullable=True, minimum=0.0
)


def _p_value(name: str, meaning: str) -> Column:
    return Column(name, "float", meaning, nullable=True, minimum=0.0, maximum=1.0)


_P_VALUE = _p_value("p_value", "two-sided p-value")

FCT_RETURNS = Table(
    name="fct_returns",
    grain="one row per symbol and session with a price",
    key=("symbol", "session_date"),
    meaning="Final prices and the returns over exactly one session of the listing",
    columns=(
        _SYMBOL,
        Column("session_date", "date", "exchange-local date"),
        Column("session_index", "integer", "running number of the session in the listing's calendar", unit="sessions"),
        Column(
            "previous_session_date", "date", "session the returns start from; null where there is none", nullable=True
        ),
        Column("close", "float", "close as the source gives it", unit="currency", nullable=True, minimum=0.0),
        Column(
            "adj_close", "float", "close adjusted for splits and dividends", unit="currency", nullable=True, minimum=0.0
        ),
        Column("volume", "float", "shares or units traded", unit="shares", nullable=True, minimum=0.0),
        Column(
            "simple_return",
            "float",
            "P(t)/P(t-1)-1; null on the first session and after a session without a price",
            unit="decimal",
            nullable=True,
            minimum=-1.0,
        ),
        Column("log_return", "float", "ln P(t)/P(t-1), null as simple_return", unit="decimal", nullable=True),
    ),
)

FCT_EVENT_SECURITIES = Table(
    name="fct_event_securities",
    grain="one row per event and symbol asked for by any study",
    key=("event_id", "symbol"),
    meaning="The ledger: every pair asked for ends as used, pending or excluded, with a reason",
    columns=(
        _EVENT,
        _SYMBOL,
        Column("event_session", "date", "day 0: first session whose close can hold the news", nullable=True),
        Column("day0_rule", "text", "rule that chose day 0", allowed=tuple(DAY0_RULES)),
        Column("expected_sign", "text", "direction expected if the thesis holds", allowed=SIGNS, nullable=True),
        Column("status", "text", "outcome; 'used' when at least one study used the pair", allowed=tuple(STATUSES)),
        Column("reason", "text", "why the pair is not used, or a remark", nullable=True),
        Column(
            "n_confounders",
            "integer",
            "other events naming the symbol with day 0 inside the event window",
            unit="events",
            minimum=0,
        ),
    ),
)

FCT_STUDY_SECURITIES = Table(
    name="fct_study_securities",
    grain="one row per study, event and symbol asked for",
    key=("study_id", "event_id", "symbol"),
    meaning="The ledger by study, with the normal-return model that was fitted",
    columns=(
        _STUDY,
        _EVENT,
        _SYMBOL,
        Column("event_session", "date", "day 0", nullable=True),
        Column("status", "text", "outcome in this study", allowed=tuple(STATUSES)),
        Column("reason", "text", "why the pair is not used, or a remark", nullable=True),
        _N_OBS,
        _ALPHA,
        _BETA,
        _SIGMA,
        Column("alpha_se", "float", "standard error of alpha", unit="decimal", nullable=True, minimum=0.0),
        Column("beta_se", "float", "standard error of beta", nullable=True, minimum=0.0),
        Column("coefficients", "json", "slopes by regressor, for a model with several", nullable=True),
    ),
)

FCT_ABNORMAL_RETURNS = Table(
    name="fct_abnormal_returns",
    grain="one row per study, event, symbol and day of the event window",
    key=("study_id", "event_id", "symbol", "relative_day"),
    meaning="Actual, expected and abnormal returns day by day",
    columns=(
        _STUDY,
        _EVENT,
        _SYMBOL,
        Column("relative_day", "integer", "sessions of the listing from day 0", unit="sessions"),
        Column("session_date", "date", "exchange-local date"),
        Column("actual_return", "float", "return of the security", unit="decimal", nullable=True),
        Column("expected_return", "float", "normal return", unit="decimal", nullable=True),
        Column("abnormal_return", "float", "actual minus expected", unit="decimal", nullable=True),
        Column(
            "abnormal_return_se", "float", "standard error of prediction", unit="decimal", nullable=True, minimum=0.0
        ),
        Column(
            "std_abnormal_return", "float", "abnormal return over its standard error (t with L1-k df)", nullable=True
        ),
        _P_VALUE,
        Column(
            "cum_abnormal_return",
            "float",
            "sum of the abnormal returns from the window's start to this day",
            unit="decimal",
            nullable=True,
        ),
        Column(
            "cum_abnormal_return_se",
            "float",
            "its standard error, exact prediction-error covariance",
            unit="decimal",
            nullable=True,
            minimum=0.0,
        ),
    ),
)

FCT_EVENT_CARS = Table(
    name="fct_event_cars",
    grain="one row per study, event, symbol and window",
    key=("study_id", "event_id", "symbol", "window_start", "window_end"),
    meaning="Cumulative abnormal and buy-and-hold abnormal returns with exact standard errors",
    columns=(
        _STUDY,
        _EVENT,
        _SYMBOL,
        _WINDOW_START,
        _WINDOW_END,
        Column("car", "float", "cumulative abnormal return over the days that have one", unit="decimal", nullable=True),
        Column(
            "car_se",
            "float",
            "its standard error, exact prediction-error covariance",
            unit="decimal",
            nullable=True,
            minimum=0.0,
        ),
        Column("scar", "float", "standardised cumulative abnormal return", nullable=True),
        Column("t_stat", "float", "t statistic, L1-k degrees of freedom", nullable=True),
        _P_VALUE,
        _p_value("p_holm", "p_value adjusted over the study's pairs of the window (Holm 1979)"),
        _p_value("p_bh", "p_value adjusted over the study's pairs of the window (Benjamini and Hochberg 1995)"),
        Column(
            "bhar", "float", "buy-and-hold abnormal return; null where a day is missing", unit="decimal", nullable=True
        ),
        _N_OBS,
        Column("df", "integer", "degrees of freedom L1-k", nullable=True, minimum=0),
        Column("n_days", "integer", "days of the window that have an abnormal return", unit="sessions", minimum=0),
        Column("is_complete", "boolean", "every day of the window has an abnormal return"),
        _ALPHA,
        _BETA,
        _SIGMA,
    ),
)

FCT_GROUP_TESTS = Table(
    name="fct_group_tests",
    grain="one row per study, group, window and test",
    key=("study_id", "group_by", "group_value", "window_start", "window_end", "test"),
    meaning="Tests of the average (cumulative) abnormal return of a group of pairs; window (d,d) is day d",
    columns=(
        _STUDY,
        Column("group_by", "text", "what the pairs are grouped by"),
        Column("group_value", "text", "value of the group"),
        _WINDOW_START,
        _WINDOW_END,
        Column("test", "text", "test", allowed=tuple(TESTS)),
        Column("statistic", "float", "value of the statistic", nullable=True),
        _p_value("p_value", "p-value; two-sided, but for volatility_chi2 (upper tail)"),
        _p_value("p_holm", "p_value adjusted over the groups of a group_by and window (Holm 1979)"),
        _p_value("p_bh", "p_value adjusted over the groups of a group_by and window (Benjamini and Hochberg 1995)"),
        Column("df", "float", "degrees of freedom; null for a normal reference", nullable=True, minimum=0.0),
        Column("n", "integer", "pairs with a complete window", unit="pairs", minimum=0),
        Column("caar", "float", "cumulative average abnormal return", unit="decimal", nullable=True),
        Column("r_bar", "float", "mean correlation of the pairs' residuals on common days", nullable=True),
        Column("is_valid", "boolean", "the test's assumptions hold for this group"),
        Column("note", "text", "why it is not valid, or a remark", nullable=True),
    ),
)

FCT_VALUE_IMPACT = Table(
    name="fct_value_impact",
    grain="one row per event and symbol with a known share count",
    key=("event_id", "symbol"),
    meaning="The reaction of day 0 in money",
    columns=(
        _EVENT,
        _SYMBOL,
        Column("session_date", "date", "day 0"),
        Column("study_id", "text", "study whose abnormal return is used"),
        Column(
            "shares_outstanding",
            "float",
            "shares known before day 0, on the price's split basis",
            unit="shares",
            minimum=0.0,
        ),
        Column("shares_filed_date", "date", "date on which that count was filed"),
        Column("market_cap_before_usd", "float", "close before day 0 times shares", unit="usd", minimum=0.0),
        Column("value_change_usd", "float", "change of the close times shares", unit="usd"),
        Column("abnormal_value_usd", "float", "abnormal return of day 0 times market_cap_before_usd", unit="usd"),
    ),
)

FACTS = (
    FCT_RETURNS,
    FCT_EVENT_SECURITIES,
    FCT_STUDY_SECURITIES,
    FCT_ABNORMAL_RETURNS,
    FCT_EVENT_CARS,
    FCT_GROUP_TESTS,
    FCT_VALUE_IMPACT,
)
