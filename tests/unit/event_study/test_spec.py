"""The specification of a study is valid or is not made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.contracts import DIM_STUDIES
from pipelines.errors import SpecError
from pipelines.event_study import Window, default_min_estimation_obs
from pipelines.event_study.spec import DEFAULT_TESTS, PLACEBO_TEST, RESAMPLING_TESTS
from tests.event_study_inputs import a_spec

LINEAR: dict[str, Any] = {"model": "linear", "benchmark_symbol": None, "factors": ("oil", "rates")}
DIMSON: dict[str, Any] = {"model": "dimson"}


@pytest.mark.parametrize("text", ["-10,10", "[-10,10]", " [ -10 , +10 ] "])
def test_window_reads_what_it_writes_with_or_without_brackets(text: str) -> None:
    """A window is read with or without brackets, blanks and plus signs, and written in one form."""
    window = Window.parse(text)
    assert window == Window(-10, 10)
    assert str(window) == "[-10,10]"
    assert Window.parse(str(window)) == window


@pytest.mark.parametrize("text", ["", "10", "-1,0,1", "a,b", "-1.5,2"])
def test_text_that_is_no_window_is_refused(text: str) -> None:
    """A text that is not two whole numbers is refused with an example of one that is."""
    with pytest.raises(SpecError, match=r"two relative days such as -10,10; got"):
        Window.parse(text)


def test_window_counts_both_ends() -> None:
    """A window holds its first and its last day."""
    assert Window(-1, 1).length == 3
    assert list(Window(-1, 1).days) == [-1, 0, 1]
    assert Window(-1, 1).contains(Window(0, 1))
    assert not Window(-1, 1).contains(Window(0, 2))


def test_window_that_ends_before_it_starts_is_refused() -> None:
    """A window that ends before it starts is refused, naming it."""
    with pytest.raises(SpecError, match=r"window \[3,1\] ends before it starts"):
        Window(3, 1)


@pytest.mark.parametrize(
    ("length", "n_parameters", "expected"), [(250, 2, 120), (100, 2, 50), (61, 2, 31), (3, 2, 3), (1, 0, 1), (10, 6, 7)]
)
def test_default_minimum_is_half_the_window_at_most_120_and_leaves_a_degree_of_freedom(
    length: int, n_parameters: int, expected: int
) -> None:
    """The default minimum is half of the window rounded up, at most 120, and more than the parameters."""
    assert default_min_estimation_obs(Window(-length, -1), n_parameters) == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "capms"}, "unknown model 'capms'; choose one of market, market_adjusted, constant_mean, capm, ff3"),
        ({"benchmark_symbol": None}, "model 'market' needs a benchmark_symbol"),
        ({"model": "market_adjusted", "benchmark_symbol": ""}, "model 'market_adjusted' needs a benchmark_symbol"),
        ({"return_type": "net"}, "unknown return_type 'net'; choose one of simple, log"),
        ({"min_estimation_obs": 2}, r"min_estimation_obs is 2; .* needs a number from 3 to 35"),
        ({"min_estimation_obs": 36}, r"min_estimation_obs is 36; .* needs a number from 3 to 35"),
        ({"estimation": Window(-40, -5)}, r"estimation window \[-40,-5\] must end before the event window \[-5,5\]"),
        ({"event": Window(1, 5), "car_windows": (Window(1, 5),)}, r"event window \[1,5\] must contain day 0"),
        ({"car_windows": (Window(0, 6),)}, r"CAR windows \[0,6\] reach outside the event window \[-5,5\]"),
        ({"car_windows": ()}, "car_windows is empty"),
        ({"car_windows": (Window(0, 1), Window(0, 1))}, r"a CAR window is listed twice in \[0,1\] \[0,1\]"),
    ],
)
def test_contradiction_is_refused_and_named(changes: dict[str, object], message: str) -> None:
    """A study whose parameters contradict each other is refused, and the message says which."""
    with pytest.raises(SpecError, match=message):
        a_spec(**changes)


def test_all_contradictions_are_listed_at_once() -> None:
    """A study with two contradictions reports both."""
    with pytest.raises(SpecError, match=r"study 'test': .*needs a benchmark_symbol.*; .*must contain day 0"):
        a_spec(benchmark_symbol=None, event=Window(1, 5), car_windows=(Window(1, 1),))


def test_constant_mean_ignores_a_benchmark() -> None:
    """A model without a benchmark takes one without complaint and does not record it."""
    spec = a_spec(model="constant_mean", benchmark_symbol="MKT")
    assert spec.benchmark is None
    assert spec.to_row()["benchmark_symbol"] is None
    assert json.loads(spec.to_row()["spec"])["benchmark_symbol"] is None


def test_row_has_the_columns_of_the_contract_and_the_whole_specification() -> None:
    """A study's row has the columns of dim_studies, and its JSON holds the CAR windows in order, keys sorted."""
    row = a_spec(car_windows=(Window(0, 1), Window(-1, 1))).to_row()
    assert list(row) == DIM_STUDIES.names
    content = json.loads(row["spec"])
    assert content["car_windows"] == [[-1, 1], [0, 1]]
    assert content["estimation_start"] == -40
    assert list(content) == sorted(content)


@pytest.mark.parametrize(
    ("changes", "regressors", "neighbours", "n_parameters"),
    [
        ({}, "benchmark", "", 2),
        ({"model": "market_adjusted"}, "", "", 0),
        ({"model": "constant_mean"}, "", "", 1),
        ({"model": "capm"}, "benchmark", "", 2),
        ({"model": "capm", "benchmark_symbol": None}, "mkt_rf", "", 2),
        ({"model": "ff3"}, "mkt_rf smb hml", "", 4),
        ({"model": "carhart"}, "mkt_rf smb hml mom", "", 5),
        ({"model": "ff5"}, "mkt_rf smb hml rmw cma", "", 6),
        ({"model": "scholes_williams"}, "benchmark", "benchmark(+1) benchmark benchmark(-1)", 2),
        (DIMSON | {"lags": 2}, "benchmark(+1) benchmark benchmark(-1) benchmark(-2)", "", 5),
        (DIMSON | {"dimson_form": "sum"}, "benchmark", "benchmark(+1) benchmark benchmark(-1)", 4),
        ({"model": "garch"}, "benchmark", "", 2),
        (LINEAR, "oil rates", "", 3),
    ],
)
def test_a_model_is_a_regression(changes: dict[str, Any], regressors: str, neighbours: str, n_parameters: int) -> None:
    """Each model names its regressors, the leads and lags its slope looks at, and how many parameters it has."""
    spec = a_spec(**changes)
    assert " ".join(map(str, spec.regressors)) == regressors
    assert " ".join(map(str, spec.neighbours)) == neighbours
    assert spec.n_parameters == n_parameters


@pytest.mark.parametrize(
    ("changes", "benchmark", "factors", "reach"),
    [
        ({}, "MKT", (), 0),
        ({"model": "constant_mean"}, None, (), 0),
        ({"model": "market_adjusted"}, "MKT", (), 0),
        ({"model": "capm"}, "MKT", ("rf",), 0),
        ({"model": "capm", "benchmark_symbol": None}, None, ("mkt_rf", "rf"), 0),
        ({"model": "ff3"}, None, ("mkt_rf", "smb", "hml", "rf"), 0),
        (LINEAR, None, ("oil", "rates"), 0),
        ({"model": "scholes_williams"}, "MKT", (), 0),
        (DIMSON | {"leads": 3}, "MKT", (), 3),
        (DIMSON | {"leads": 3, "dimson_form": "sum"}, "MKT", (), 0),
        ({"measure": "log_volume"}, None, (), 0),
    ],
)
def test_what_a_model_reads_beside_the_security(
    changes: dict[str, Any], benchmark: str | None, factors: tuple[str, ...], reach: int
) -> None:
    """A study says which benchmark and factors it reads, and how far behind the event window it looks."""
    spec = a_spec(**changes)
    assert (spec.benchmark, spec.factor_names, spec.reach) == (benchmark, factors, reach)


NEW_FIELDS: list[dict[str, Any]] = [
    {"measure": "log_volume"},
    {"measure": "log_turnover", "model": "constant_mean"},
    {"excluded_days": Window(-1, 1)},
    {"excluded_days": Window(-5, 5)},
    {"standard_errors": "hac"},
    {"standard_errors": "hac", "hac_lags": 0},
    {"standard_errors": "hac", "hac_lags": 7},
    {"tests": ("bmp_t",)},
    {"tests": ("bmp_t", "sign_z")},
    {"resamples": 99},
    {"resamples": 99, "seed": 4},
    {"resamples": 99, "tests": ("wild_bootstrap_p",)},
    {"placebo_dates": 20},
    {"placebo_dates": 20, "seed": 4},
    {"placebo_dates": 20, "tests": ("placebo_p",)},
    {"convention": "estudy2"},
    {"convention": "eventstudytools"},
    LINEAR,
    LINEAR | {"factors": ("oil",)},
    LINEAR | {"standard_errors": "hac"},
    DIMSON,
    DIMSON | {"lags": 0},
    DIMSON | {"lags": 2},
    DIMSON | {"leads": 0},
    DIMSON | {"leads": 2},
    DIMSON | {"dimson_form": "sum"},
]


@pytest.mark.parametrize("changes", NEW_FIELDS, ids=str)
def test_each_field_is_accepted_and_written_into_the_row(changes: dict[str, Any]) -> None:
    """A field with a good value is taken and stands in the row's JSON under its own name."""
    spec = a_spec(**changes)
    content = json.loads(spec.to_row()["spec"])
    for name, value in changes.items():
        assert getattr(spec, name) == value
        written = [value.start, value.end] if isinstance(value, Window) else value
        assert content[name] == (list(written) if isinstance(written, tuple) else written)


def test_every_other_specification_has_another_row() -> None:
    """No two of these studies write the same specification: what changes a result changes the row."""
    others: list[dict[str, Any]] = [
        {},
        {"return_type": "log"},
        {"benchmark_symbol": "SPY"},
        {"estimation": Window(-39, -6)},
        {"event": Window(-5, 6)},
        {"car_windows": (Window(0, 0),)},
        {"min_estimation_obs": 11},
        {"model": "garch"},
    ]
    written = [a_spec(**changes).to_row()["spec"] for changes in [*NEW_FIELDS, *others]]
    assert len(set(written)) == len(written)


def test_an_option_without_a_part_in_the_study_leaves_its_row_as_it_was() -> None:
    """A seed where nothing is drawn, and lags of a model without any, do not make another study of it."""
    plain = a_spec().to_row()
    assert a_spec(seed=5).to_row() == plain
    assert a_spec(lags=3, leads=2, dimson_form="sum").to_row() == plain
    assert a_spec(model="constant_mean", benchmark_symbol="SPY").to_row() == a_spec(model="constant_mean").to_row()


def test_tests_that_draw_run_where_draws_are_asked_for() -> None:
    """Resamples bring the bootstraps and permutations, placebo dates the placebo test, each once."""
    assert a_spec().all_tests == DEFAULT_TESTS
    assert a_spec(resamples=9).all_tests == (*DEFAULT_TESTS, *RESAMPLING_TESTS)
    assert a_spec(placebo_dates=9).all_tests == (*DEFAULT_TESTS, PLACEBO_TEST)
    named = a_spec(resamples=9, tests=("permutation_p", "sign_z", "sign_z"))
    assert named.all_tests == ("permutation_p", "sign_z", *(name for name in RESAMPLING_TESTS if name[:4] != "perm"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"measure": "volume"}, "unknown measure 'volume'; choose one of return, log_volume, log_turnover"),
        ({"standard_errors": "white"}, "unknown standard_errors 'white'; choose one of ols, hac"),
        ({"convention": "stata"}, "unknown convention 'stata'; choose one of textbook, estudy2, eventstudytools"),
        ({"dimson_form": "product"}, "unknown dimson_form 'product'; choose one of polynomial, sum"),
        ({"tests": ("bmp", "t")}, "unknown tests bmp, t; choose among cross_sectional_t, "),
    ],
)
def test_unknown_word_is_refused_with_those_that_are_known(changes: dict[str, Any], message: str) -> None:
    """A word outside the vocabulary is named with the field and the words it may hold."""
    with pytest.raises(SpecError, match=f"study 'test': {message}"):
        a_spec(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"factors": ("oil",)}, r"factors go with model 'linear', .* got model 'market', \('oil',\)"),
        ({"model": "linear"}, r"'linear' needs some; got model 'linear', \(\)"),
        (LINEAR | {"factors": ("oil", "oil")}, "each factor is named once, and none 'benchmark'; got oil, oil"),
        (LINEAR | {"factors": ("benchmark",)}, "each factor is named once, and none 'benchmark'; got benchmark"),
        (DIMSON | {"lags": -1}, "lags, leads, hac_lags, resamples, placebo_dates and seed must not be negative"),
        (DIMSON | {"leads": -1}, "must not be negative"),
        ({"standard_errors": "hac", "hac_lags": -1}, "must not be negative"),
        ({"resamples": -1}, "must not be negative"),
        ({"placebo_dates": -1}, "must not be negative"),
        ({"seed": -1}, "must not be negative"),
        (
            {"tests": ("permutation_p", "wild_bootstrap_p")},
            "the tests permutation_p, wild_bootstrap_p need resamples; ask for some, such as 999",
        ),
        ({"tests": ("placebo_p",)}, "the test placebo_p needs placebo_dates; ask for some, such as 100"),
        (
            {"model": "ff3", "return_type": "log"},
            "model 'ff3' takes simple returns, as its factors are; use return_type",
        ),
        ({"model": "capm", "return_type": "log"}, "model 'capm' takes simple returns"),
        (DIMSON | {"benchmark_symbol": None}, "model 'dimson' needs a benchmark_symbol; name one or use model"),
        (
            {"model": "garch", "measure": "log_volume"},
            "measure 'log_volume' goes with model 'market' or 'constant_mean'",
        ),
        ({"standard_errors": "hac", "model": "garch"}, "standard_errors 'hac' go with least squares of returns, not"),
        ({"standard_errors": "hac", "model": "scholes_williams"}, "not with 'scholes_williams' of return"),
        ({"standard_errors": "hac", "measure": "log_volume"}, "not with 'market' of log_volume"),
        ({"standard_errors": "hac", "model": "market_adjusted"}, "standard_errors 'hac' need a model with parameters"),
        ({"hac_lags": 3}, "hac_lags"),
        (DIMSON | {"dimson_form": "sum", "standard_errors": "hac"}, "standard_errors 'hac'"),
        ({"excluded_days": Window(-6, 0)}, r"excluded_days \[-6,0\] must lie inside the event window \[-5,5\]"),
        ({"model": "ff5", "min_estimation_obs": 6}, "min_estimation_obs is 6; .* needs a number from 7 to 35"),
        (DIMSON | {"lags": 8, "min_estimation_obs": 11}, "min_estimation_obs is 11; .* needs a number from 12 to 35"),
    ],
)
def test_options_that_contradict_each_other_are_refused(changes: dict[str, Any], message: str) -> None:
    """An option that does not go with another is refused; the message says with what it goes and what was got."""
    with pytest.raises(SpecError, match=message):
        a_spec(**changes)
