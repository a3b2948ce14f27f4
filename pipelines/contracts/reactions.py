"""Contracts that put reactions and events side by side: days of large reactions, confounders, candidate events."""

from __future__ import annotations

from pipelines.contracts.facts import FCT_ABNORMAL_RETURNS
from pipelines.contracts.model import Column, Table
from pipelines.contracts.vocabulary import (
    CANDIDATE_KINDS,
    CANDIDATE_RULES,
    CANDIDATE_STATUSES,
    CONFOUNDER_KINDS,
    DECISIONS,
    PRECISIONS,
    REACTIONS_OF_EVENTS,
    SIGNS,
)

_EVENT = Column("event_id", "text", "event, see dim_events")
_SYMBOL = Column("symbol", "text", "security")
_SESSION = Column("session_date", "date", "exchange-local date")
_MODEL = Column(
    "model",
    "text",
    "model of the normal return: that of the market where the security's index has returns, else its own mean",
    allowed=("market", "constant_mean"),
)
_BENCHMARK = Column("benchmark_symbol", "text", "index of the market model; null for constant_mean", nullable=True)
_MEASURED = tuple(
    FCT_ABNORMAL_RETURNS.column(name)
    for name in ("actual_return", "expected_return", "abnormal_return", "abnormal_return_se", "std_abnormal_return")
)
_P_VALUE = Column(
    "p_value",
    "float",
    "two-sided p-value of Student's t with df degrees of freedom; the tails of daily returns are fatter",
    nullable=True,
    minimum=0.0,
    maximum=1.0,
)
_DF = Column("df", "integer", "degrees of freedom L1-k", minimum=1)
_N_OBS = Column(
    "n_estimation_obs", "integer", "usable sessions in the estimation window [-260,-11]", unit="sessions", minimum=1
)
_N_BEFORE = Column(
    "n_sessions_before", "integer", "earlier sessions of the security that were judged", unit="sessions", minimum=0
)

DAY_REACTIONS = Table(
    name="day_reactions",
    grain="one row per security and session whose abnormal return passes the threshold, or that is a day 0",
    key=("symbol", "session_date"),
    meaning="Abnormal returns of single sessions, each against an estimation window that ends 11 sessions before",
    columns=(
        _SYMBOL,
        _SESSION,
        Column("session_index", "integer", "running number of the session in the listing's calendar", unit="sessions"),
        _MODEL,
        _BENCHMARK,
        *_MEASURED,
        _P_VALUE,
        _DF,
        _N_OBS,
        _N_BEFORE,
        Column("is_mover", "boolean", "std_abnormal_return passes the setting mover_threshold"),
    ),
)
"""What a run writes as ``study.day_reactions``."""

EVENT_DAYS = Table(
    name="event_days",
    grain="one row per event and calendar",
    key=("event_id", "calendar"),
    meaning="Day 0 of every event on every calendar that a priced security follows",
    columns=(
        _EVENT,
        Column("calendar", "text", "exchange, or = and the symbol for a security that follows its own dates"),
        Column("event_session", "date", "day 0 on that calendar"),
        Column("event_index", "integer", "running number of that session", unit="sessions"),
    ),
)
"""What a run writes as ``core.event_days``."""

FCT_MOVERS = Table(
    name="fct_movers",
    grain="one row per security and session whose standardised abnormal return passes mover_threshold",
    key=("symbol", "session_date"),
    meaning="Large reactions, with the news and the events of their session; n_events = 0 is one without an event",
    columns=(
        _SYMBOL,
        _SESSION,
        _MODEL,
        _BENCHMARK,
        *_MEASURED,
        _P_VALUE,
        _DF,
        _N_OBS,
        Column("session_rank", "integer", "rank by size among the movers of the date, 1 the largest", minimum=1),
        _N_BEFORE,
        Column(
            "n_as_large_before",
            "integer",
            "earlier sessions at least as large; (n + 1) / (n_sessions_before + 1) is a p-value without a distribution",
            unit="sessions",
            minimum=0,
        ),
        Column("n_events", "integer", "events of the session that name the security, or are macro", minimum=0),
        Column("event_ids", "json", "list of those events; an outcome is none"),
        Column("n_news", "integer", "news linked to the security whose day 0 is the session", unit="items", minimum=0),
        Column(
            "top_news_id",
            "text",
            "of them: a filing first, then the story with the most items, then the earliest",
            nullable=True,
        ),
        Column("top_news_title", "text", "its title", nullable=True),
    ),
)

FCT_EVENT_REACTIONS = Table(
    name="fct_event_reactions",
    grain="one row per event and security that it names, with a day 0",
    key=("event_id", "symbol"),
    meaning="Whether each event moved what it names; reaction = 'quiet' is an event without a reaction",
    columns=(
        _EVENT,
        _SYMBOL,
        Column("session_date", "date", "day 0"),
        Column("expected_sign", "text", "direction expected if the thesis holds", allowed=SIGNS, nullable=True),
        Column("reaction", "text", "what day 0 brought", allowed=tuple(REACTIONS_OF_EVENTS)),
        *(Column(_MODEL.name, "text", _MODEL.meaning, nullable=True, allowed=_MODEL.allowed), _BENCHMARK),
        *(_MEASURED[2], _MEASURED[4], _P_VALUE),
        Column("n_news", "integer", "news linked to the security whose day 0 is the session", unit="items", minimum=0),
    ),
)

FCT_CONFOUNDERS = Table(
    name="fct_confounders",
    grain="one row per event, security of its ledger and other thing whose day lies in one of its windows",
    key=("event_id", "symbol", "confounder_id"),
    meaning="What else happened; all of the event window, of the estimation window the nearest of each kind",
    columns=(
        _EVENT,
        _SYMBOL,
        Column("confounder_kind", "text", "what sort of thing", allowed=tuple(CONFOUNDER_KINDS)),
        Column("confounder_id", "text", "event, news item, or action:security:day"),
        Column("title", "text", "what happened"),
        Column("confounder_session", "date", "its day 0 on the security's exchange"),
        Column("relative_day", "integer", "sessions from the event's day 0 to it", unit="sessions"),
        Column(
            "in_window",
            "text",
            "widest window of the studies that asked for the pair; the event window where both hold it",
            allowed=("estimation", "event"),
        ),
        Column("distance", "integer", "size of relative_day", unit="sessions", minimum=0),
        Column("is_named", "boolean", "an event of the catalogue that names the security: what n_confounders counts"),
    ),
)

FCT_EVENT_CANDIDATES = Table(
    name="fct_event_candidates",
    grain="one row per thing in the news that may be an event",
    key=("candidate_id",),
    meaning="Candidate events by rule, linked to the event that says the same, with what was decided about them",
    columns=(
        Column("candidate_id", "text", "news item, or burst:theme:day"),
        Column("kind", "text", "what sort of thing", allowed=tuple(CANDIDATE_KINDS)),
        Column("title", "text", "title of the item"),
        Column("url", "text", "where it can be read"),
        Column("occurred_at", "instant", "when the source says it happened", nullable=True),
        Column("available_at", "instant", "earliest instant at which it was surely public"),
        Column("precision", "text", "how exact the time is", nullable=True, allowed=PRECISIONS),
        Column("symbols", "json", "list of the securities that its items are linked to"),
        Column("theme", "text", "theme", nullable=True),
        Column("news_ids", "json", "list of the items that tell it, the first one first"),
        Column("rule", "text", "rule that proposed it", allowed=tuple(CANDIDATE_RULES)),
        Column("facts", "text", "fingerprint of kind, title, time, securities and theme, which a decision is about"),
        Column("status", "text", "what became of it", allowed=tuple(CANDIDATE_STATUSES)),
        Column("event_id", "text", "event that it was promoted to, or that says the same", nullable=True),
        Column("reason", "text", "why it was rejected, or by what it is linked", nullable=True),
        Column("decided_by", "text", "who decided", nullable=True),
        Column("decided_at", "instant", "when", nullable=True),
    ),
)

CANDIDATE_DECISIONS = Table(
    name="candidate_decisions",
    grain="one row per decision in a version of a file of decisions",
    key=("batch_id", "row_number"),
    meaning="Candidates that a user promoted to events or rejected",
    columns=(
        Column("batch_id", "text", "raw batch"),
        Column("row_number", "integer", "row of the batch, counted from 0", minimum=0),
        Column("candidate_id", "text", "candidate, see fct_event_candidates"),
        Column("decision", "text", "what was decided", allowed=tuple(DECISIONS)),
        Column("facts", "text", "fingerprint of what was decided about"),
        Column("event_id", "text", "event that it was promoted to", nullable=True),
        Column("reason", "text", "why it was rejected", nullable=True),
        Column("decided_by", "text", "who decided"),
        Column("decided_at", "instant", "when"),
    ),
)

REACTIONS = (FCT_MOVERS, FCT_EVENT_REACTIONS, FCT_CONFOUNDERS, FCT_EVENT_CANDIDATES)
