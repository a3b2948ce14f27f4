"""The words that may stand in a coded column, each with its meaning."""

from __future__ import annotations

STATUSES = {
    "used": "the pair is in the study",
    "pending": "its window is not complete yet; a later run with more prices will use it",
    "excluded": "it cannot be used; the reason says why",
}

DAY0_RULES = {
    "in_session": "public while the exchange was open: that session",
    "pre_open": "public on a session's day before its open: that session",
    "after_close": "public at or after the close: the next session",
    "closed_day": "public on a weekend or holiday: the next session",
    "conservative": "the hour is not known and the same day may hold the news: the first session that surely does",
    "outcome_session": "an outcome names the session it happened in: that session",
    "outcome_next_session": "an outcome's date is no session here: the next one",
    "utc_day": "the market never closes: the UTC day",
    "date_session": "only a date was given, and it is a session: that session",
    "date_next_session": "only a date was given, and it is no session: the next one",
    "own_dates": "the exchange is not known, so the sessions are the dates of the security's own prices",
    "own_dates_conservative": "the exchange's close is not known, so an instant counts for the next date with a price",
    "none": "no day 0 could be found; the reason says why",
}

MODELS = {
    "market": "ordinary least squares of the security's return on the benchmark's",
    "market_adjusted": "the benchmark's return itself",
    "constant_mean": "the security's own mean return over the estimation window",
}

TESTS = {
    "cross_sectional_t": "mean over its cross-sectional standard error, t(N-1)",
    "patell_z": "sum of standardised (cumulative) abnormal returns, exact prediction-error covariance, N(0,1)",
    "patell_csar_z": "sum of the days' standardised abnormal returns over sqrt(L2), N(0,1)",
    "bmp_t": "standardised cross-sectional test, t(N-1)",
}

EVENT_KINDS = {
    "news": "something that became known",
    "outcome": "a market move that is studied itself and never used as news",
    "corporate_action": "a split, dividend or the like",
}

EVENT_THEMES = (
    "architectural_innovation",
    "vertical_integration",
    "software_abstraction",
    "efficiency_breakthrough",
    "manufacturing_democratisation",
    "scaling_laws",
    "demand",
    "regulation",
    "earnings",
    "macro",
)

PRECISIONS = ("minute", "hour", "day")
SIGNS = ("+", "-", "?")
VERIFIED = ("yes", "partial", "no")
RETURN_TYPES = ("simple", "log")
ASSET_CLASSES = ("equity", "etf", "index", "crypto", "unknown")
SEVERITIES = ("fail", "warn")
RUN_STATUSES = ("running", "published", "unchanged", "gate_closed", "failed")
