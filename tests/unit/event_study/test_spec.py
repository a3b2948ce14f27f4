"""The specification of a study is valid or is not made."""

from __future__ import annotations

import json

import pytest

from pipelines.contracts import DIM_STUDIES
from pipelines.errors import SpecError
from pipelines.event_study import Window, default_min_estimation_obs
from tests.event_study_inputs import a_spec


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
        ({"model": "capm"}, "unknown model 'capm'"),
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
