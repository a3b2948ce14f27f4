"""What a study is: its model, its windows and what it asks of a pair."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Final

from pipelines.contracts.vocabulary import MODELS, RETURN_TYPES
from pipelines.errors import SpecError

N_PARAMETERS: Final = {"market": 2, "market_adjusted": 0, "constant_mean": 1}
"""Parameters that each model estimates (k)."""

MODELS_WITH_BENCHMARK: Final = frozenset({"market", "market_adjusted"})

_WINDOW = re.compile(r"\s*\[?\s*([+-]?\d+)\s*,\s*([+-]?\d+)\s*\]?\s*")


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Relative days from `start` to `end`, both included."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuse a window that ends before it starts."""
        if self.start > self.end:
            raise SpecError(f"window {self} ends before it starts; write the earlier day first")

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read a window from "-10,10" or "[-10,10]".

        Raises
        ------
        SpecError
            If the text is not two whole numbers with a comma between them.
        """
        match = _WINDOW.fullmatch(text)
        if match is None:
            raise SpecError(f"a window is two relative days such as -10,10; got {text!r}")
        return cls(int(match[1]), int(match[2]))

    @property
    def length(self) -> int:
        """Number of days in the window."""
        return self.end - self.start + 1

    @property
    def days(self) -> range:
        """The relative days of the window."""
        return range(self.start, self.end + 1)

    def contains(self, other: Window) -> bool:
        """Tell whether every day of `other` is a day of this window."""
        return self.start <= other.start and other.end <= self.end

    def __str__(self) -> str:
        """Write the window as "[-10,10]"."""
        return f"[{self.start},{self.end}]"


def default_min_estimation_obs(estimation: Window, model: str) -> int:
    """Return the usable estimation sessions asked of a pair when the study does not say.

    Half of the estimation window, at most 120, and enough for the model to leave one degree of freedom.
    """
    return max(_n_parameters(model) + 1, min(120, math.ceil(estimation.length / 2)))


def _n_parameters(model: str) -> int:
    if model not in N_PARAMETERS:
        raise SpecError(f"unknown model {model!r}; choose one of {', '.join(MODELS)}")
    return N_PARAMETERS[model]


@dataclass(frozen=True, slots=True)
class StudySpec:
    """One study, valid by construction.

    Attributes
    ----------
    benchmark_symbol : str or None
        Security whose return is the market's; a model that needs none ignores it.
    estimation, event : Window
        Estimation and event window in relative days; the estimation window ends before the event window starts, and
        the event window holds day 0.
    car_windows : tuple of Window
        Windows of the cumulative abnormal returns, each inside the event window.
    min_estimation_obs : int
        Usable estimation sessions (own return and matched benchmark return) that a pair needs.

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

    def __post_init__(self) -> None:
        """Check the parameters against each other."""
        problems = [*self._model_problems(), *self._window_problems()]
        if problems:
            raise SpecError(f"study {self.study_id!r}: " + "; ".join(problems))

    def _model_problems(self) -> list[str]:
        if self.model not in N_PARAMETERS:
            return [f"unknown model {self.model!r}; choose one of {', '.join(MODELS)}"]
        problems = []
        if self.model in MODELS_WITH_BENCHMARK and not self.benchmark_symbol:
            problems.append(f"model {self.model!r} needs a benchmark_symbol; name one or use model 'constant_mean'")
        if self.return_type not in RETURN_TYPES:
            problems.append(f"unknown return_type {self.return_type!r}; choose one of {', '.join(RETURN_TYPES)}")
        if not self.n_parameters < self.min_estimation_obs <= self.estimation.length:
            problems.append(
                f"min_estimation_obs is {self.min_estimation_obs}; model {self.model!r} with estimation window "
                f"{self.estimation} needs a number from {self.n_parameters + 1} to {self.estimation.length}"
            )
        return problems

    def _window_problems(self) -> list[str]:
        problems = []
        if self.estimation.end >= self.event.start:
            problems.append(
                f"the estimation window {self.estimation} must end before the event window {self.event} starts"
            )
        if not self.event.contains(Window(0, 0)):
            problems.append(f"the event window {self.event} must contain day 0")
        outside = [str(window) for window in self.car_windows if not self.event.contains(window)]
        if outside:
            problems.append(f"CAR windows {' '.join(outside)} reach outside the event window {self.event}")
        if not self.car_windows:
            problems.append("car_windows is empty; name at least one, such as [0,0]")
        if len(set(self.car_windows)) < len(self.car_windows):
            problems.append(f"a CAR window is listed twice in {' '.join(map(str, self.car_windows))}")
        return problems

    @property
    def n_parameters(self) -> int:
        """Number of parameters the model estimates (k)."""
        return N_PARAMETERS[self.model]

    @property
    def benchmark(self) -> str | None:
        """The benchmark the model uses, None where it needs none."""
        return self.benchmark_symbol if self.model in MODELS_WITH_BENCHMARK else None

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
        windows = [[window.start, window.end] for window in sorted(self.car_windows)]
        return row | {"spec": json.dumps(row | {"car_windows": windows}, sort_keys=True)}
