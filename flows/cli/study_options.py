"""Options of ``reaction study``, by panel of its help; nothing heavy is imported before it runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter, validators

from flows.cli.words import (
    Convention,
    FactorsSource,
    LiveSource,
    Measure,
    Model,
    OtherConvention,
    Paths,
    Returns,
    StandardErrors,
    Test,
)

if TYPE_CHECKING:
    from flows.stored_prices import Stored
    from pipelines.event_study.definitions import StudyDefinition
    from pipelines.settings import Settings

INPUT, MODEL, WINDOWS, TESTS, OUTPUT = (
    Group(name, sort_key=place) for place, name in enumerate(("Input", "Model", "Windows", "Tests", "Output"))
)

Count = Annotated[int, Parameter(validator=validators.Number(gte=0))]
Positive = Annotated[int, Parameter(validator=validators.Number(gte=1))]

OPTION_OF = {
    "benchmark_symbol": "--benchmark",
    "return_type": "--returns",
    "min_estimation_obs": "--min-obs",
    "car_windows": "--car",
    "excluded_days": "--exclude-days",
    "standard_errors": "--standard-errors",
    "placebo_dates": "--placebo-dates",
    "resamples": "--resamples",
    "measure '": "--measure '",
    "model '": "--model '",
}
"""Fields of a specification as its messages name them, and the options that set them."""


@Parameter(name="*", group=INPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class InputOptions:
    """What is read.

    Parameters
    ----------
    prices
        Price files (CSV, Parquet) or folders of them, one or more.
    source
        Live source whose stored prices are read in place of price files, those that `reaction run` and `reaction
        backfill` have fetched; nothing is fetched now.
    as_of
        Instant with a zone, with --source: prices that became known later, and what they restate, are not read.
    events
        Event lists (CSV, Parquet) or catalogue files (YAML), one or more.
    factors
        Files (CSV, Parquet), one or more, of daily factor returns: a column of dates and one per factor such as
        Mkt-RF, SMB, HML and RF. The models capm, ff3, carhart, ff5 and linear need them.
    factors_source
        Where factor returns come from: files, which is --factors, or ken_french, the French data library; what the
        warehouse has of it and is not older than a week is not asked for.
    factor_unit
        Unit of the factor returns, decimal if not given: 1 % is 0.01 in decimals and 1 in percent. The files of the
        French data library are in percent.
    exchange
        Exchange (MIC, such as XNYS) of symbols that the securities file does not know; without it their sessions are
        the dates of their own prices.
    column
        Column of the price files, as ours=theirs; repeat for more.
    layout
        Long or wide price files; told from the columns if not given.
    date_format
        strptime format of text dates; without it ISO dates and YYYYMMDD are read.
    """

    prices: Paths = ()
    source: LiveSource | None = None
    as_of: str | None = None
    events: Paths
    factors: Paths = ()
    factors_source: FactorsSource | None = None
    factor_unit: Literal["decimal", "percent"] | None = None
    exchange: str | None = None
    column: tuple[str, ...] = ()
    layout: Literal["auto", "long", "wide"] | None = None
    date_format: str | None = None


@Parameter(name="*", group=MODEL)
@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions:
    """How the normal return is found.

    Parameters
    ----------
    model
        Model of the normal return.
    benchmark
        Symbol of the benchmark among the prices; constant_mean and the models on factors need none.
    regress_on
        Factor that the model linear regresses on, a column of --factors; repeat for more.
    lags
        Earlier sessions of the benchmark in the model dimson; 1 if not given.
    leads
        Later sessions of the benchmark in the model dimson; 1 if not given.
    dimson_form
        polynomial: every lead and lag has its own slope. sum: their summed slope on the same day. The first if not
        given.
    returns
        Simple or log returns.
    measure
        What is studied.
    standard_errors
        ols, or hac for residuals that are autocorrelated and change in variance (Newey-West).
    hac_lags
        Lags of Newey-West; without it floor(4 (L1/100)^(2/9)), L1 the days of the estimation window.
    """

    model: Model = "market"
    benchmark: str | None = None
    regress_on: tuple[str, ...] = ()
    lags: Count | None = None
    leads: Count | None = None
    dimson_form: Literal["polynomial", "sum"] | None = None
    returns: Returns = "simple"
    measure: Measure = "return"
    standard_errors: StandardErrors = "ols"
    hac_lags: Count | None = None


@Parameter(name="*", group=WINDOWS)
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
    min_obs: Positive | None = None


@Parameter(name="*", group=TESTS)
@dataclass(frozen=True, slots=True, kw_only=True)
class TestOptions:
    """What is tested over groups of pairs.

    Parameters
    ----------
    group_by
        Column to group by: event_id, symbol, or any column of the event list; repeat for more.
    test
        Test to run; repeat for more. Without it every test that draws nothing at random.
    resamples
        Draws of each bootstrap and permutation test; 0 leaves them out.
    placebo_dates
        Dates without an event that the placebo test tries at most; 0 leaves it out.
    seed
        Seed of everything random; 0 if not given.
    convention
        Whose definitions the tests follow.
    explain_difference
        Program whose statistics are set beside the textbook's, and every difference taken apart by definition.
    """

    __test__ = False  # pytest is not to collect it

    group_by: tuple[str, ...] = ()
    test: tuple[Test, ...] = ()
    resamples: Count = 0
    placebo_dates: Count = 0
    seed: Count | None = None
    convention: Convention = "textbook"
    explain_difference: OtherConvention | None = None


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """Where results go, and on how many threads they are made.

    Parameters
    ----------
    output
        What to print: tables, everything as JSON, or as CSV the cumulative abnormal returns (with
        --explain-difference the differences).
    as_json
        The same as --format json.
    out
        Folder to write all tables to, as Parquet.
    plot
        File for a figure of the strongest pairs' cumulative abnormal returns: PNG or SVG, as its name ends.
    threads
        Threads to work on, all processors if not given; they change speed, never a number.
    """

    output: Annotated[Literal["table", "json", "csv"], Parameter(name="--format")] = "table"
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False
    out: Path | None = None
    plot: Path | None = None
    threads: Positive | None = None

    @property
    def printed(self) -> Literal["table", "json", "csv"]:
        """The format of what is printed.

        Raises
        ------
        ConfigurationError
            If two are asked for.
        """
        if self.as_json and self.output == "csv":
            from pipelines.errors import ConfigurationError

            raise ConfigurationError("--json and --format csv contradict each other; give one of them")
        return "json" if self.as_json else self.output


def stored_of(files: InputOptions) -> Stored | None:
    """Return which stored prices are read; None for files.

    Raises
    ------
    ConfigurationError
        If there are not exactly one of both, or an option is given that goes with the other one.
    """
    from flows.instants import parse_instant
    from flows.stored_prices import Stored
    from pipelines.errors import ConfigurationError

    if files.source is None:
        if not files.prices:
            raise ConfigurationError(
                "expected prices: --prices with files, or --source with a live source; got neither"
            )
        if files.as_of is not None:
            raise ConfigurationError(
                "--as-of goes with --source: files hold what they hold now, and nothing tells what they held before"
            )
        return None
    if files.prices:
        raise ConfigurationError(f"--prices and --source {files.source} contradict each other; give one of them")
    of_files = {"--column": files.column, "--layout": files.layout, "--date-format": files.date_format}
    idle = [name for name, value in of_files.items() if value]
    if idle:
        raise ConfigurationError(f"{', '.join(idle)}: it says how --prices are read; leave it out with --source")
    return Stored(files.source, None if files.as_of is None else parse_instant(files.as_of))


def settings_of(files: InputOptions) -> Settings:
    """Return the settings that name the files and say how they are read."""
    from flows.cli.run import column_mapping
    from pipelines.settings import load_settings

    return load_settings(
        prices=[str(path) for path in files.prices] or None,
        events=[str(path) for path in files.events],
        factors=[str(path) for path in files.factors] or None,
        factors_source=files.factors_source,
        factor_unit=files.factor_unit,
        exchange=files.exchange,
        columns=column_mapping(files.column) or None,
        layout=files.layout,
        date_format=files.date_format,
    )


def definition_of(model: ModelOptions, windows: WindowOptions, tests: TestOptions) -> StudyDefinition:
    """Return the study that the options define.

    Raises
    ------
    SpecError
        If they are not valid, contradict each other, or one would be ignored; that is said before any file is read.
    """
    from pipelines.errors import SpecError
    from pipelines.event_study.definitions import StudyDefinition

    misplaced = _misplaced(model, tests)
    if misplaced:
        raise SpecError("; ".join(misplaced))
    fields: dict[str, Any] = {
        "id": "ad-hoc",
        "title": f"{model.model} model, estimation [{windows.estimation}], window [{windows.window}]",
        "model": model.model,
        "benchmark": model.benchmark,
        "factors": tuple(dict.fromkeys(name.lower() for name in model.regress_on)),
        "lags": model.lags,
        "leads": model.leads,
        "dimson_form": model.dimson_form,
        "returns": model.returns,
        "measure": model.measure,
        "standard_errors": model.standard_errors,
        "hac_lags": model.hac_lags,
        "estimation": _bounds("--estimation", windows.estimation),
        "event_window": _bounds("--window", windows.window),
        "car_windows": [_bounds("--car", text) for text in dict.fromkeys(windows.car)],
        "excluded_days": None if windows.exclude_days is None else _bounds("--exclude-days", windows.exclude_days),
        "min_estimation_obs": windows.min_obs,
        "group_by": tuple(dict.fromkeys(("all", *tests.group_by))),
        "tests": tuple(dict.fromkeys(tests.test)) or None,
        "resamples": tests.resamples,
        "placebo_dates": tests.placebo_dates,
        "seed": tests.seed,
        "convention": tests.convention,
    }
    definition = StudyDefinition.model_validate({name: value for name, value in fields.items() if value is not None})
    try:
        _ = definition.spec
    except SpecError as error:
        raise SpecError(_in_options(str(error).removeprefix(f"study {definition.id!r}: "))) from error
    return definition


def _in_options(message: str) -> str:
    """Name options in a message where it names fields of a specification."""
    return re.sub(rf"\b(?:{'|'.join(OPTION_OF)})", lambda found: OPTION_OF[found[0]], message)


def _misplaced(model: ModelOptions, tests: TestOptions) -> list[str]:
    """Say which options were given that would change nothing, or lack what they go with."""
    of_dimson = {"--lags": model.lags, "--leads": model.leads, "--dimson-form": model.dimson_form}
    problems = [
        f"{name} goes with --model dimson, not with {model.model}"
        for name, value in of_dimson.items()
        if value is not None and model.model != "dimson"
    ]
    if model.hac_lags is not None and model.standard_errors != "hac":
        problems.append(f"--hac-lags goes with --standard-errors hac, not with {model.standard_errors}")
    if tests.seed is not None and not (tests.resamples or tests.placebo_dates):
        problems.append("--seed goes with --resamples or --placebo-dates; without them nothing is drawn at random")
    if model.regress_on and model.model != "linear":
        problems.append(f"--regress-on goes with --model linear, not with {model.model}")
    if model.model == "linear" and not model.regress_on:
        problems.append("--model linear needs --regress-on, a column of --factors such as mkt_rf; repeat it for more")
    if tests.explain_difference is not None and model.measure != "return":
        problems.append(
            f"--explain-difference goes with --measure return: no test of {tests.explain_difference} "
            f"is of {model.measure}"
        )
    return problems


def _bounds(option: str, text: str) -> list[int]:
    from pipelines.errors import SpecError
    from pipelines.event_study import Window

    try:
        parsed = Window.parse(text)
    except SpecError as error:
        raise SpecError(f"{option}: {error}") from error
    return [parsed.start, parsed.end]
