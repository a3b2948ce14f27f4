"""Options of ``reaction study`` that say how a study is made; nothing heavy is imported before it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from pipelines.event_study.definitions import StudyDefinition


@Parameter(name="*", group="Model")
@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions:
    """How the normal return is found.

    Parameters
    ----------
    benchmark
        Symbol of the benchmark among the prices.
    model
        market, market_adjusted, constant_mean, capm, ff3, carhart, ff5, scholes_williams, dimson, garch or linear.
    regress_on
        Factor of the model linear, a column of --factors; repeat for more.
    lags
        Earlier sessions of the benchmark in the model dimson.
    leads
        Later sessions of the benchmark in the model dimson.
    dimson_form
        Every lead and lag with its own slope, or the summed slope on the same day.
    returns
        Simple or log returns.
    measure
        What is studied: return, log_volume or log_turnover.
    standard_errors
        ols, or hac for residuals that are autocorrelated and change in variance (Newey-West).
    hac_lags
        Lags of Newey-West; without it floor(4 (L1/100)^(2/9)).
    """

    benchmark: str | None = None
    model: str = "market"
    regress_on: tuple[str, ...] = ()
    lags: int = 1
    leads: int = 1
    dimson_form: Literal["polynomial", "sum"] = "polynomial"
    returns: Literal["simple", "log"] = "simple"
    measure: str = "return"
    standard_errors: Literal["ols", "hac"] = "ols"
    hac_lags: int | None = None


@Parameter(name="*", group="Windows")
@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOptions:
    """Which days count.

    Parameters
    ----------
    estimation
        First and last day of the estimation window, in sessions from day 0.
    window
        First and last day of the event window.
    car
        First and last day of a window to cumulate over; repeat for more.
    exclude_days
        First and last day around every other event of the security that estimation windows leave out.
    min_obs
        Usable estimation sessions a security needs; without it half of the estimation window, at most 120.
    """

    estimation: str = "-260,-11"
    window: str = "-10,10"
    car: tuple[str, ...] = ("0,0",)
    exclude_days: str | None = None
    min_obs: int | None = None


@Parameter(name="*", group="Tests")
@dataclass(frozen=True, slots=True, kw_only=True)
class TestOptions:
    """What is tested over groups of pairs.

    Parameters
    ----------
    group_by
        Column to group by: event_id, symbol, or any column of the event list; repeat for more.
    test
        Test to run, such as patell_z; repeat for more. Without it every test that draws nothing at random.
    resamples
        Draws of each bootstrap and permutation test; 0 leaves them out.
    placebo_dates
        Dates without an event that the placebo test tries at most; 0 leaves it out.
    seed
        Seed of everything random.
    convention
        Whose definitions the tests follow: textbook, estudy2 or eventstudytools.
    explain_difference
        Convention (estudy2 or eventstudytools) whose statistics are set beside the textbook's, and every difference
        taken apart by definition.
    """

    __test__ = False  # pytest is not to collect it

    group_by: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    resamples: int = 0
    placebo_dates: int = 0
    seed: int = 0
    convention: str = "textbook"
    explain_difference: str | None = None


@Parameter(name="*", group="Output")
@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """Where results go.

    Parameters
    ----------
    out
        Folder to write the tables to, as Parquet.
    output
        What to print: tables, everything as JSON, or the cumulative abnormal returns as CSV (with
        --explain-difference the differences).
    as_json
        The same as --format json.
    threads
        Threads to work on; without it all processors. They change speed, never a number.
    """

    output: Annotated[Literal["table", "json", "csv"], Parameter(name="--format")] = "table"
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False
    threads: int | None = None


def definition_of(model: ModelOptions, windows: WindowOptions, tests: TestOptions) -> StudyDefinition:
    """Return the study that the options define.

    Raises
    ------
    SpecError
        If they are not valid or contradict each other; that is said before any file is read.
    """
    from pipelines.event_study.conventions import named
    from pipelines.event_study.definitions import StudyDefinition

    of_model = asdict(model)
    of_tests = {name: getattr(tests, name) for name in ("resamples", "placebo_dates", "seed", "convention")}
    if tests.test:
        of_tests["tests"] = tuple(dict.fromkeys(tests.test))
    fields: dict[str, Any] = {
        "id": "ad-hoc",
        "title": f"{model.model} model, estimation [{windows.estimation}], window [{windows.window}]",
        "factors": tuple(dict.fromkeys(name.lower() for name in of_model.pop("regress_on"))),
        "estimation": _bounds("--estimation", windows.estimation),
        "event_window": _bounds("--window", windows.window),
        "car_windows": [_bounds("--car", text) for text in dict.fromkeys(windows.car)],
        "excluded_days": None if windows.exclude_days is None else _bounds("--exclude-days", windows.exclude_days),
        "min_estimation_obs": windows.min_obs,
        "group_by": tuple(dict.fromkeys(("all", *tests.group_by))),
    }
    definition = StudyDefinition.model_validate(fields | of_model | of_tests)
    _ = definition.spec  # a contradiction among the parameters is reported before any file is read
    if tests.explain_difference is not None:
        named(tests.explain_difference)
    return definition


def _bounds(option: str, text: str) -> list[int]:
    from pipelines.errors import SpecError
    from pipelines.event_study import Window

    try:
        parsed = Window.parse(text)
    except SpecError as error:
        raise SpecError(f"{option}: {error}") from error
    return [parsed.start, parsed.end]
