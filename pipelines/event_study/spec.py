"""What a study is: its model, its windows and what it asks of a pair."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from pipelines.contracts.vocabulary import CONVENTIONS, MEASURES, MODELS, RETURN_TYPES, STANDARD_ERRORS, TESTS
from pipelines.errors import SpecError
from pipelines.event_study.models import BENCHMARK, MARKET_EXCESS, NORMAL_MODELS, RISK_FREE, NormalModel, Regressor
from pipelines.event_study.windows import Window

RESAMPLING_TESTS: Final = ("wild_bootstrap_p", "pairs_bootstrap_p", "skewness_bootstrap_p", "permutation_p")
"""Tests that are run when a study asks for `resamples`."""

PLACEBO_TEST: Final = "placebo_p"
"""Test that is run when a study asks for `placebo_dates`."""

DEFAULT_TESTS: Final = tuple(name for name in TESTS if name not in (*RESAMPLING_TESTS, PLACEBO_TEST))
"""Tests of a study that names none: all that have a closed form."""


def default_min_estimation_obs(estimation: Window, n_parameters: int) -> int:
    """Return the usable estimation sessions asked of a pair when the study does not say.

    Half of the estimation window, at most 120, and enough for the model to leave one degree of freedom.
    """
    return max(n_parameters + 1, min(120, math.ceil(estimation.length / 2)))


@dataclass(frozen=True, slots=True)
class StudySpec:
    """One study, valid by construction.

    Attributes
    ----------
    benchmark_symbol : str or None
        Security whose return is the market's; a model that needs none ignores it.
    estimation, event : Window
        Estimation and event window in relative days; the estimation window ends before the event window starts, and
        the event window holds day 0. The gap between them is the one the two windows leave.
    car_windows : tuple of Window
        Windows of the cumulative abnormal returns, each inside the event window.
    min_estimation_obs : int
        Usable estimation sessions (own return and matched benchmark return) that a pair needs.
    factors : tuple of str
        Columns of the factor table that the model `linear` regresses on.
    lags, leads : int
        Lagged and leading benchmark returns of the model `dimson`.
    dimson_form : {"polynomial", "sum"}
        Expected return of `dimson`: every lead and lag with its own slope, or the summed slope on the same day.
    measure : {"return", "log_volume", "log_turnover"}
        What is studied. For volume the benchmark is the panel's own mean and the residuals are AR(1).
    excluded_days : Window or None
        Days around every other event of the same security that its estimation windows leave out.
    standard_errors : {"ols", "hac"}
        What the residuals may be.
    hac_lags : int or None
        Lags of the Newey-West estimator; None takes floor(4 (L1/100)^(2/9)).
    tests : tuple of str
        Tests of groups, words of TESTS.
    resamples : int
        Draws of each bootstrap and permutation test; 0 leaves them out.
    placebo_dates : int
        Largest number of dates without an event that the placebo test tries; 0 leaves it out.
    seed : int
        Seed of everything random.
    convention : str
        Whose definitions the tests of groups follow, a word of CONVENTIONS.

    Raises
    ------
    SpecError
        If the parameters contradict each other; the message lists every contradiction.
    """

    study_id: str
    title: str
    model: str
    benchmark_symbol: str | None
    return_type: str
    estimation: Window
    event: Window
    car_windows: tuple[Window, ...]
    min_estimation_obs: int
    factors: tuple[str, ...] = ()
    lags: int = 1
    leads: int = 1
    dimson_form: Literal["polynomial", "sum"] = "polynomial"
    measure: str = "return"
    excluded_days: Window | None = None
    standard_errors: str = "ols"
    hac_lags: int | None = None
    tests: tuple[str, ...] = DEFAULT_TESTS
    resamples: int = 0
    placebo_dates: int = 0
    seed: int = 0
    convention: str = "textbook"

    def __post_init__(self) -> None:
        """Check the parameters against each other."""
        problems = list(_word_problems(self)) or [found for problems in _PROBLEMS for found in problems(self)]
        if problems:
            raise SpecError(f"study {self.study_id!r}: " + "; ".join(problems))

    @property
    def normal_model(self) -> NormalModel:
        """The model as a regression."""
        return NORMAL_MODELS[self.model]

    @property
    def regressors(self) -> tuple[Regressor, ...]:
        """What the expected return is linear in, beside the intercept."""
        model = self.normal_model
        if self.model == "dimson" and self.dimson_form == "polynomial":
            return self._leads_and_lags(self.leads, self.lags)
        if self.model == "linear":
            return tuple(map(Regressor, self.factors))
        if model.benchmark == "either":
            return (Regressor(BENCHMARK if self.benchmark_symbol else MARKET_EXCESS),)
        if model.benchmark == "regressor":
            return (Regressor(BENCHMARK),)
        return tuple(map(Regressor, model.factors))

    @property
    def neighbours(self) -> tuple[Regressor, ...]:
        """Leads and lags of the benchmark that only the estimate of its slope looks at."""
        if self.model == "scholes_williams":
            return self._leads_and_lags(1, 1)
        if self.model == "dimson" and self.dimson_form == "sum":
            return self._leads_and_lags(self.leads, self.lags)
        return ()

    @staticmethod
    def _leads_and_lags(leads: int, lags: int) -> tuple[Regressor, ...]:
        return tuple(Regressor(BENCHMARK, lag) for lag in range(-leads, lags + 1))

    @property
    def factor_names(self) -> tuple[str, ...]:
        """The columns of the factor table that the study reads."""
        names = [regressor.name for regressor in self.regressors if regressor.name != BENCHMARK]
        return tuple([*names, RISK_FREE] if self.normal_model.is_excess else names)

    @property
    def all_tests(self) -> tuple[str, ...]:
        """The tests of groups that are run: those named, and those that draw at random if draws are asked for."""
        resampling = RESAMPLING_TESTS if self.resamples else ()
        placebo = (PLACEBO_TEST,) if self.placebo_dates else ()
        return tuple(dict.fromkeys((*self.tests, *resampling, *placebo)))

    @property
    def n_parameters(self) -> int:
        """Number of parameters of the mean that the model estimates (k)."""
        slopes = self.regressors if self.model != "dimson" else self._leads_and_lags(self.leads, self.lags)
        return len(slopes) + self.normal_model.has_intercept

    @property
    def reach(self) -> int:
        """Sessions after the event window that the model looks at (leads of the benchmark)."""
        return max((-regressor.lag for regressor in self.regressors), default=0)

    @property
    def benchmark(self) -> str | None:
        """The benchmark the model uses, None where it needs none or takes the panel's mean."""
        return self.benchmark_symbol if self.uses_benchmark and self.measure == "return" else None

    @property
    def uses_benchmark(self) -> bool:
        """Whether the model has a benchmark, be it a security or, for volume, the panel's mean."""
        return self.normal_model.benchmark == "subtracted" or any(each.name == BENCHMARK for each in self.regressors)

    def to_row(self) -> dict[str, Any]:
        """Return the study as a row of dim_studies, with the whole specification as JSON."""
        row: dict[str, Any] = {
            "study_id": self.study_id,
            "title": self.title,
            "model": self.model,
            "benchmark_symbol": self.benchmark,
            "return_type": self.return_type,
            "estimation_start": self.estimation.start,
            "estimation_end": self.estimation.end,
            "event_start": self.event.start,
            "event_end": self.event.end,
            "min_estimation_obs": self.min_estimation_obs,
        }
        return row | {"spec": json.dumps(row | self._options(), sort_keys=True)}

    def _options(self) -> dict[str, Any]:
        """Return the rest of the specification, an option that has no part in the model left out."""
        options: dict[str, Any] = {
            "car_windows": [[window.start, window.end] for window in sorted(self.car_windows)],
            "measure": self.measure,
            "standard_errors": self.standard_errors,
            "tests": list(self.tests),
            "convention": self.convention,
        }
        if self.factors:
            options["factors"] = list(self.factors)
        if self.model == "dimson":
            options |= {"lags": self.lags, "leads": self.leads, "dimson_form": self.dimson_form}
        if self.hac_lags is not None:
            options["hac_lags"] = self.hac_lags
        if self.excluded_days is not None:
            options["excluded_days"] = [self.excluded_days.start, self.excluded_days.end]
        if self.resamples or self.placebo_dates:
            options |= {"resamples": self.resamples, "placebo_dates": self.placebo_dates, "seed": self.seed}
        return options


def _word_problems(spec: StudySpec) -> Iterator[str]:
    """Yield every word that the vocabulary does not know."""
    for name, words in (
        ("model", MODELS),
        ("return_type", RETURN_TYPES),
        ("measure", MEASURES),
        ("standard_errors", STANDARD_ERRORS),
        ("convention", CONVENTIONS),
        ("dimson_form", ("polynomial", "sum")),
    ):
        word = getattr(spec, name)
        if word not in words:
            yield f"unknown {name} {word!r}; choose one of {', '.join(words)}"
    unknown = [name for name in spec.tests if name not in TESTS]
    if unknown:
        yield f"unknown tests {', '.join(unknown)}; choose among {', '.join(TESTS)}"


def _model_problems(spec: StudySpec) -> Iterator[str]:
    model = spec.normal_model
    if model.benchmark in {"regressor", "subtracted"} and spec.measure == "return" and not spec.benchmark_symbol:
        yield f"model {spec.model!r} needs a benchmark_symbol; name one or use model 'constant_mean'"
    if (spec.model == "linear") != bool(spec.factors):
        yield f"factors go with model 'linear', and 'linear' needs some; got model {spec.model!r}, {spec.factors}"
    if len(set(spec.factors)) < len(spec.factors) or BENCHMARK in spec.factors:
        yield f"each factor is named once, and none {BENCHMARK!r}; got {', '.join(spec.factors)}"
    if model.is_excess and spec.return_type != "simple":
        yield f"model {spec.model!r} takes simple returns, as its factors are; use return_type 'simple'"
    if spec.measure != "return" and spec.model not in {"market", "constant_mean"}:
        yield f"measure {spec.measure!r} goes with model 'market' or 'constant_mean', not {spec.model!r}"


def _standard_error_problems(spec: StudySpec) -> Iterator[str]:
    model = spec.normal_model
    is_least_squares = model.estimator == "least_squares" and spec.measure == "return"
    if spec.standard_errors == "hac" and not is_least_squares:
        yield f"standard_errors 'hac' go with least squares of returns, not with {spec.model!r} of {spec.measure}"
    if spec.standard_errors == "hac" and spec.model == "dimson" and spec.dimson_form == "sum":
        yield "standard_errors 'hac' go with dimson_form 'polynomial', not with 'sum'"
    if spec.hac_lags is not None and spec.standard_errors != "hac":
        yield f"hac_lags go with standard_errors 'hac', not with {spec.standard_errors!r}; got {spec.hac_lags}"
    if spec.standard_errors == "hac" and not model.has_intercept:
        yield f"standard_errors 'hac' need a model with parameters, not {spec.model!r}"


def _number_problems(spec: StudySpec) -> Iterator[str]:
    counts = ("lags", "leads", "hac_lags", "resamples", "placebo_dates", "seed")
    negative = [f"{name} {getattr(spec, name)}" for name in counts if (getattr(spec, name) or 0) < 0]
    if negative:
        yield f"{', '.join(counts[:-1])} and seed must not be negative; got {', '.join(negative)}"
    named = set(spec.tests) & set(RESAMPLING_TESTS)
    if named and not spec.resamples:
        yield f"the tests {', '.join(sorted(named))} need resamples; ask for some, such as 999"
    if PLACEBO_TEST in spec.tests and not spec.placebo_dates:
        yield f"the test {PLACEBO_TEST} needs placebo_dates; ask for some, such as 100"
    if not spec.n_parameters < spec.min_estimation_obs <= spec.estimation.length:
        least, most = spec.n_parameters + 1, spec.estimation.length
        wanted = f"a number from {least} to {most}" if least <= most else f"a longer one, of {least} sessions"
        yield (
            f"min_estimation_obs is {spec.min_estimation_obs}; model {spec.model!r} with estimation window "
            f"{spec.estimation} needs {wanted}"
        )


def _window_problems(spec: StudySpec) -> Iterator[str]:
    if spec.estimation.end >= spec.event.start:
        yield f"the estimation window {spec.estimation} must end before the event window {spec.event} starts"
    if not spec.event.contains(Window(0, 0)):
        yield f"the event window {spec.event} must contain day 0"
    outside = [str(window) for window in spec.car_windows if not spec.event.contains(window)]
    if outside:
        yield f"CAR windows {' '.join(outside)} reach outside the event window {spec.event}"
    if not spec.car_windows:
        yield "car_windows is empty; name at least one, such as [0,0]"
    if len(set(spec.car_windows)) < len(spec.car_windows):
        yield f"a CAR window is listed twice in {' '.join(map(str, spec.car_windows))}"
    if spec.excluded_days is not None and not spec.event.contains(spec.excluded_days):
        yield f"excluded_days {spec.excluded_days} must lie inside the event window {spec.event}"


_PROBLEMS: Final = (_model_problems, _standard_error_problems, _number_problems, _window_problems)
