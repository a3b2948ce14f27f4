"""Study definitions as data: a model, its windows, and which events meet which securities."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from pipelines.contracts.vocabulary import ASSET_CLASSES, CONVENTIONS, EVENT_KINDS, MEASURES, MODELS, STANDARD_ERRORS
from pipelines.errors import CatalogueError, SpecError
from pipelines.event_study.spec import DEFAULT_TESTS, StudySpec, default_min_estimation_obs
from pipelines.event_study.windows import Window

Bounds = Annotated[list[int], Field(min_length=2, max_length=2)]
_LONGEST_SHOWN = 80


def _word(allowed: Collection[str], word: str) -> str:
    if word not in allowed:
        raise ValueError(f"expected one of {', '.join(allowed)}")
    return word


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class EventChoice(_Strict):
    """Which events a study looks at; every condition that is given must hold."""

    ids: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    since: date | None = Field(None, alias="from")
    until: date | None = Field(None, alias="to")

    @model_validator(mode="after")
    def _can_hold(self) -> Self:
        _known("kinds", self.kinds, tuple(EVENT_KINDS))
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"from {self.since} is later than to {self.until}")
        return self


class SecurityChoice(_Strict):
    """Which securities meet the events: those the event names, all that have prices, or a list."""

    which: Literal["named", "priced", "listed"] = "named"
    symbols: tuple[str, ...] = ()
    asset_classes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits_which(self) -> Self:
        """Refuse a choice that would be ignored."""
        _known("asset_classes", self.asset_classes, ASSET_CLASSES)
        if (self.which == "listed") != bool(self.symbols):
            raise ValueError("symbols go with which: listed, and listed needs symbols")
        if self.asset_classes and self.which != "priced":
            raise ValueError("asset_classes go with which: priced alone")
        return self


def _known(field: str, words: Sequence[str], allowed: Sequence[str]) -> None:
    unknown = sorted(set(words) - set(allowed))
    if unknown:
        raise ValueError(f"{field} may hold {', '.join(allowed)}, not {', '.join(unknown)}")


class StudyDefinition(_Strict):
    """One study as a study file states it."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    sources: tuple[Literal["sample", "files"], ...] = ("sample", "files")
    model: Annotated[str, AfterValidator(partial(_word, MODELS))]
    benchmark: str | None = None
    returns: Literal["simple", "log"] = "simple"
    estimation: Bounds
    event_window: Bounds
    car_windows: Annotated[list[Bounds], Field(min_length=1)]
    min_estimation_obs: int | None = None
    measure: Annotated[str, AfterValidator(partial(_word, MEASURES))] = "return"
    factors: tuple[str, ...] = ()
    lags: int = 1
    leads: int = 1
    dimson_form: Literal["polynomial", "sum"] = "polynomial"
    excluded_days: Bounds | None = None
    standard_errors: Annotated[str, AfterValidator(partial(_word, STANDARD_ERRORS))] = "ols"
    hac_lags: int | None = None
    tests: tuple[str, ...] = DEFAULT_TESTS
    resamples: int = 0
    placebo_dates: int = 0
    seed: int = 0
    convention: Annotated[str, AfterValidator(partial(_word, CONVENTIONS))] = "textbook"
    events: EventChoice = EventChoice()
    securities: SecurityChoice = SecurityChoice()
    group_by: tuple[str, ...] = ("all",)

    def with_symbols(self, names: Mapping[str, str]) -> Self:
        """Return the definition with the symbols that securities have now, by symbols that they had before."""
        symbols = tuple(dict.fromkeys(names.get(symbol, symbol) for symbol in self.securities.symbols))
        chosen = self.securities.model_copy(update={"symbols": symbols})
        benchmark = None if self.benchmark is None else names.get(self.benchmark, self.benchmark)
        return self.model_copy(update={"benchmark": benchmark, "securities": chosen})

    @property
    def spec(self) -> StudySpec:
        """Return the specification the engine runs."""
        estimation = Window(*self.estimation)
        options = {name: getattr(self, name) for name in _OPTIONS}
        spec = StudySpec(
            study_id=self.id,
            title=self.title,
            benchmark_symbol=self.benchmark,
            return_type=self.returns,
            estimation=estimation,
            event=Window(*self.event_window),
            car_windows=tuple(Window(*bounds) for bounds in self.car_windows),
            min_estimation_obs=estimation.length if self.min_estimation_obs is None else self.min_estimation_obs,
            excluded_days=None if self.excluded_days is None else Window(*self.excluded_days),
            **options,
        )
        if self.min_estimation_obs is not None:
            return spec
        return replace(spec, min_estimation_obs=default_min_estimation_obs(estimation, spec.n_parameters))


_OPTIONS: Final = (
    "model",
    "measure",
    "factors",
    "lags",
    "leads",
    "dimson_form",
    "standard_errors",
    "hac_lags",
    "tests",
    "resamples",
    "placebo_dates",
    "seed",
    "convention",
)
"""Fields that a definition and a specification hold under the same name."""


def load_definitions(paths: Sequence[Path]) -> list[StudyDefinition]:
    """Read study files (YAML, one list of studies each), in the order given.

    Raises
    ------
    CatalogueError
        Naming every field that is not valid, and every study id that stands twice.
    """
    problems: list[str] = []
    definitions: list[StudyDefinition] = []
    for path in paths:
        for number, item in enumerate(_items(path), start=1):
            name = item.get("id", f"number {number}") if isinstance(item, dict) else f"number {number}"
            try:
                definition = StudyDefinition.model_validate(item)
                _ = definition.spec
            except ValidationError as error:
                problems += [f"{path.name}: study {name!r}: {_explained(line)}" for line in error.errors()]
            except SpecError as error:
                said = str(error).removeprefix(f"study {name!r}: ")
                problems.append(f"{path.name}: study {name!r}: {said}")
            else:
                definitions.append(definition)
    ids = [definition.id for definition in definitions]
    problems += [f"study {name!r} is defined more than once" for name in sorted({i for i in ids if ids.count(i) > 1})]
    if problems:
        raise CatalogueError("study definitions are not valid:\n  " + "\n  ".join(problems))
    return definitions


def _explained(line: ErrorDetails) -> str:
    said = f"{'.'.join(map(str, line['loc'])) or 'the study'}: {line['msg'].removeprefix('Value error, ')}"
    if isinstance(line["input"], dict):
        return said
    text = repr(line["input"])
    return f"{said}, got {text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + '...'}"


def _items(path: Path) -> list[object]:
    try:
        items = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CatalogueError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(items, list) or not items:
        got = type(items).__name__ if items else "nothing"
        raise CatalogueError(f"{path}: expected a list of studies, got {got}")
    return items
