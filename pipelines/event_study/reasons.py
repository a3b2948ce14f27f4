"""Say in one sentence why a study does not use a pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from pipelines.event_study.measures import measured
from pipelines.event_study.models import BENCHMARK, MARKET_EXCESS
from pipelines.event_study.panel import ReturnPanel, as_date
from pipelines.event_study.screening import Outcome
from pipelines.event_study.spec import StudySpec


@dataclass(frozen=True, slots=True)
class UnusedPair:
    """What a reason may mention; `code` is the symbol's code in the panel."""

    event_id: str
    symbol: str
    event_session: date
    event_index: int
    last_index: int
    is_ended: bool
    code: int
    n_estimation_obs: int


def reason(outcome: Outcome, spec: StudySpec, panel: ReturnPanel, pair: UnusedPair) -> str:
    """Return why the pair is not used."""
    return _REASONS[outcome](spec, panel, pair)


def _no_prices(_spec: StudySpec, _panel: ReturnPanel, pair: UnusedPair) -> str:
    return f"{pair.symbol} has no prices"


def _pending(spec: StudySpec, panel: ReturnPanel, pair: UnusedPair) -> str:
    reach = f"day {pair.last_index - pair.event_index:+d}"
    last = _last_price(panel, pair)
    leads = f" and the model looks {spec.reach} further" if spec.reach else ""
    until = f" ({last})" if last else ""
    return f"window ends {spec.event.end} sessions after day 0{leads}; prices reach {reach}{until}"


def _ended(_spec: StudySpec, panel: ReturnPanel, pair: UnusedPair) -> str:
    last = _last_price(panel, pair)
    return f"prices end{f' {last}' if last else ''}, before the event window is complete"


def _too_few_sessions(spec: StudySpec, panel: ReturnPanel, pair: UnusedPair) -> str:
    priced = panel.priced_rows(pair.code)
    first = f" First price: {as_date(panel.session_day[priced[0]])}." if priced.size else ""
    return (
        f"{pair.symbol} has {pair.n_estimation_obs} usable estimation sessions in {spec.estimation}; "
        f"the study needs {spec.min_estimation_obs} (min_estimation_obs){_left_out(spec)}.{first}"
    )


def _left_out(spec: StudySpec) -> str:
    if spec.excluded_days is None:
        return ""
    return f"; days {spec.excluded_days} around other events of the security are left out"


def _no_day_0_return(spec: StudySpec, panel: ReturnPanel, pair: UnusedPair) -> str:
    row = panel.priced_row(pair.code, pair.event_index)
    if row is None:
        return f"no abnormal return on day 0: {pair.symbol} has no price on {pair.event_session}"
    if np.isnan(measured(spec, panel)[row]):
        what = _unmeasured(spec, panel, row)
        has_before = spec.measure != "return" or panel.priced_row(pair.code, pair.event_index - 1) is not None
        because = "" if has_before else ", because it has no price on the session before"
        return f"no abnormal return on day 0: {pair.symbol} has no {what} on {pair.event_session}{because}"
    if spec.benchmark is None:
        names = ", ".join(spec.factor_names) or "benchmark"
        return f"no abnormal return on day 0: no value of {names} for {pair.event_session} and the days it spans"
    priced = panel.priced_rows(pair.code)
    span = panel.session_day[priced[priced <= row][-2:]].tolist()
    benchmark = panel.code(spec.benchmark)
    gaps = " and ".join(str(as_date(day)) for day in span if not panel.has_price_on(benchmark, day))
    if not gaps:
        return f"no abnormal return on day 0: a regressor of model {spec.model!r} is missing on {pair.event_session}"
    return f"no abnormal return on day 0: the benchmark {spec.benchmark} has no price on {gaps}"


def _unmeasured(spec: StudySpec, panel: ReturnPanel, row: int) -> str:
    if spec.measure == "return":
        return "return"
    return "volume" if spec.measure == "log_volume" or np.isnan(panel.volume[row]) else "shares outstanding"


def _not_identified(spec: StudySpec, _panel: ReturnPanel, _pair: UnusedPair) -> str:
    if spec.normal_model.estimator == "garch":
        return f"the GARCH(1,1) likelihood of the residuals in {spec.estimation} has no maximum that could be found"
    if len(spec.regressors) > 1 or spec.neighbours:
        names = ", ".join(map(str, spec.neighbours or spec.regressors))
        return f"the regressors {names} do not move or are collinear in {spec.estimation}: slopes cannot be estimated"
    name = f"benchmark {spec.benchmark}" if spec.benchmark else "market"
    if spec.regressors[0].name not in {BENCHMARK, MARKET_EXCESS}:
        return f"the factor {spec.regressors[0]} does not move in {spec.estimation}, so its slope cannot be estimated"
    return f"the {name} does not move in {spec.estimation}, so beta cannot be estimated"


def _last_price(panel: ReturnPanel, pair: UnusedPair) -> date | None:
    row = panel.priced_row(pair.code, pair.last_index)
    return None if row is None else as_date(panel.session_day[row])


_REASONS: Final[dict[Outcome, Callable[[StudySpec, ReturnPanel, UnusedPair], str]]] = {
    Outcome.NO_PRICES: _no_prices,
    Outcome.PENDING: _pending,
    Outcome.ENDED: _ended,
    Outcome.TOO_FEW_SESSIONS: _too_few_sessions,
    Outcome.NO_DAY_0_RETURN: _no_day_0_return,
    Outcome.NOT_IDENTIFIED: _not_identified,
}
