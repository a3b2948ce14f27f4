"""Study files: those that ship, and what is said about a bad one."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.errors import CatalogueError
from pipelines.event_study.definitions import load_definitions
from pipelines.event_study.windows import Window
from pipelines.home import SEEDS

SHIPPED = sorted((SEEDS / "studies").glob("*.yaml"))
GOOD: dict[str, Any] = {
    "id": "mine",
    "title": "A study",
    "model": "market",
    "benchmark": "^GSPC",
    "estimation": [-260, -11],
    "event_window": [-10, 10],
    "car_windows": [[0, 0], [-1, 1]],
}


def study_file(folder: Path, *studies: object) -> Path:
    """Write a study file."""
    file = folder / "own.yaml"
    file.write_text(yaml.safe_dump(list(studies)), encoding="utf-8")
    return file


def said_about(folder: Path, **changes: object) -> str:
    """Return the message about the good study with changes; a change to None takes the field away."""
    study = {name: value for name, value in (GOOD | changes).items() if value is not None}
    with pytest.raises(CatalogueError, match="study definitions are not valid") as raised:
        load_definitions([study_file(folder, study)])
    return str(raised.value)


def test_the_studies_that_ship_are_valid() -> None:
    """Every shipped study loads, with a specification the engine accepts and names of its own."""
    assert SHIPPED
    definitions = load_definitions(SHIPPED)
    assert len({definition.id for definition in definitions}) == len(definitions)
    for definition in definitions:
        spec = definition.spec
        assert spec.study_id == definition.id
        assert spec.event.contains(Window(0, 0))
        assert spec.benchmark == (definition.benchmark if spec.uses_benchmark else None)


@pytest.mark.parametrize("source", ["sample", "files"])
def test_each_source_has_a_study_that_ships(source: str) -> None:
    """Whichever source prices come from, something is studied."""
    assert [definition for definition in load_definitions(SHIPPED) if source in definition.sources]


def test_a_small_study_takes_the_defaults(tmp_path: Path) -> None:
    """What a study leaves out: both sources, simple returns, named securities, one group, half the window."""
    (definition,) = load_definitions([study_file(tmp_path, GOOD)])
    assert definition.sources == ("sample", "files")
    assert (definition.returns, definition.securities.which, definition.group_by) == ("simple", "named", ("all",))
    assert definition.spec.min_estimation_obs == 120
    assert definition.spec.car_windows == (Window(0, 0), Window(-1, 1))


@pytest.mark.parametrize(
    ("options", "read"),
    [
        ({"measure": "log_volume"}, {"measure": "log_volume"}),
        ({"model": "linear", "factors": ["oil", "rates"]}, {"factors": ("oil", "rates")}),
        ({"model": "dimson", "lags": 2, "leads": 0}, {"lags": 2, "leads": 0, "dimson_form": "polynomial"}),
        ({"model": "dimson", "dimson_form": "sum"}, {"lags": 1, "leads": 1, "dimson_form": "sum"}),
        ({"excluded_days": [-1, 1]}, {"excluded_days": Window(-1, 1)}),
        ({"standard_errors": "hac"}, {"standard_errors": "hac", "hac_lags": None}),
        ({"standard_errors": "hac", "hac_lags": 4}, {"standard_errors": "hac", "hac_lags": 4}),
        ({"tests": ["sign_z", "bmp_t"]}, {"tests": ("sign_z", "bmp_t")}),
        ({"resamples": 99, "placebo_dates": 20, "seed": 3}, {"resamples": 99, "placebo_dates": 20, "seed": 3}),
        ({"convention": "estudy2"}, {"convention": "estudy2"}),
        ({"model": "capm", "benchmark": None}, {"benchmark": None, "factor_names": ("mkt_rf", "rf")}),
    ],
)
def test_every_option_reaches_the_specification(tmp_path: Path, options: dict[str, Any], read: dict[str, Any]) -> None:
    """An option of a study file is what the engine is told."""
    (definition,) = load_definitions([study_file(tmp_path, GOOD | options)])
    assert {name: getattr(definition.spec, name) for name in read} == read


@pytest.mark.parametrize(
    ("options", "least"),
    [({}, 120), ({"estimation": [-30, -11]}, 10), ({"estimation": [-18, -11], "model": "ff5"}, 7)],
)
def test_the_default_minimum_leaves_the_model_a_degree_of_freedom(
    tmp_path: Path, options: dict[str, Any], least: int
) -> None:
    """Half of the window, at most 120, and one more than the parameters of the study's own model."""
    (definition,) = load_definitions([study_file(tmp_path, GOOD | options)])
    assert definition.spec.min_estimation_obs == least


def test_events_and_securities_are_chosen_by_words(tmp_path: Path) -> None:
    """The words of a study file, from and to among them, reach the choices."""
    chosen = {
        "events": {"kinds": ["news"], "from": date(2024, 1, 1), "to": date(2025, 1, 1)},
        "securities": {"which": "listed", "symbols": ["NVDA"]},
    }
    (definition,) = load_definitions([study_file(tmp_path, GOOD | chosen)])
    assert (definition.events.since, definition.events.until) == (date(2024, 1, 1), date(2025, 1, 1))
    assert (definition.events.kinds, definition.securities.symbols) == (("news",), ("NVDA",))


def test_files_are_read_in_the_order_given(tmp_path: Path) -> None:
    """Studies come in the order of the files and, within a file, of the list."""
    file = study_file(tmp_path, GOOD | {"id": "b"}, GOOD | {"id": "a"})
    assert [definition.id for definition in load_definitions([file])] == ["b", "a"]
    assert [definition.id for definition in load_definitions([file, *SHIPPED])][:2] == ["b", "a"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "capms"}, "model: expected one of market, market_adjusted, constant_mean, capm, ff3, carhart"),
        ({"model": "capms"}, "garch, linear, got 'capms'"),
        ({"measure": "volume"}, "measure: expected one of return, log_volume, log_turnover, got 'volume'"),
        ({"standard_errors": "white"}, "standard_errors: expected one of ols, hac, got 'white'"),
        ({"convention": "stata"}, "convention: expected one of textbook, estudy2, eventstudytools, got 'stata'"),
        ({"dimson_form": "product"}, "dimson_form: Input should be 'polynomial' or 'sum', got 'product'"),
        ({"excluded_days": [-1]}, "excluded_days: List should have at least 2 items"),
        ({"factors": "oil"}, "factors: Input should be a valid tuple, got 'oil'"),
        ({"tests": "bmp_t"}, "tests: Input should be a valid tuple, got 'bmp_t'"),
        ({"lags": "one"}, "lags: Input should be a valid integer"),
        ({"leads": 1.5}, "leads: Input should be a valid integer"),
        ({"hac_lags": "auto"}, "hac_lags: Input should be a valid integer"),
        ({"resamples": "many"}, "resamples: Input should be a valid integer"),
        ({"placebo_dates": "all"}, "placebo_dates: Input should be a valid integer"),
        ({"seed": "dice"}, "seed: Input should be a valid integer"),
        ({"title": None}, "title: Field required"),
        ({"id": "Not An Id"}, "id: String should match pattern"),
        ({"estimation": [-260]}, "estimation: List should have at least 2 items"),
        ({"event_window": [-10, "ten"]}, "event_window.1: Input should be a valid integer"),
        ({"car_windows": []}, "car_windows: List should have at least 1 item"),
        ({"returns": "gross"}, "returns: Input should be 'simple' or 'log', got 'gross'"),
        ({"sources": ["web"]}, "sources.0: Input should be 'sample' or 'files', got 'web'"),
        ({"modle": "market"}, "modle: Extra inputs are not permitted, got 'market'"),
        ({"events": {"kind": ["news"]}}, "events.kind: Extra inputs are not permitted"),
        ({"events": {"kinds": ["rumour"]}}, "events: kinds may hold news, outcome, corporate_action, not rumour"),
        ({"events": {"from": "soon"}}, "events.from: "),
        ({"events": {"from": date(2025, 1, 2), "to": date(2025, 1, 1)}}, "events: from 2025-01-02 is later than to"),
        ({"securities": {"which": "all"}}, "securities.which: Input should be 'named', 'priced' or 'listed'"),
        ({"securities": {"which": "listed"}}, "securities: symbols go with which: listed, and listed needs symbols"),
        ({"securities": {"symbols": ["NVDA"]}}, "securities: symbols go with which: listed"),
        ({"securities": {"asset_classes": ["equity"]}}, "securities: asset_classes go with which: priced alone"),
        ({"securities": {"which": "priced", "asset_classes": ["bond"]}}, "asset_classes may hold equity, etf"),
    ],
)
def test_a_bad_field_is_named(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    """A bad field is named with its file and study, what it may hold and what was got."""
    message = said_about(tmp_path, **changes)
    assert said in message
    assert f"own.yaml: study {changes.get('id', 'mine')!r}: " in message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"estimation": [-260, -5]},
            "the estimation window [-260,-5] must end before the event window [-10,10] starts",
        ),
        ({"event_window": [1, 10], "car_windows": [[1, 2]]}, "the event window [1,10] must contain day 0"),
        ({"car_windows": [[0, 11]]}, "CAR windows [0,11] reach outside the event window [-10,10]"),
        ({"car_windows": [[0, 1], [0, 1]]}, "a CAR window is listed twice"),
        ({"event_window": [10, -10]}, "window [10,-10] ends before it starts"),
        ({"min_estimation_obs": 251}, "min_estimation_obs is 251; "),
        ({"min_estimation_obs": 2}, "min_estimation_obs is 2; "),
        ({"min_estimation_obs": 0}, "min_estimation_obs is 0; "),
        ({"benchmark": None}, "model 'market' needs a benchmark_symbol"),
        ({"model": "dimson", "benchmark": None}, "model 'dimson' needs a benchmark_symbol"),
        ({"factors": ["oil"]}, "factors go with model 'linear'"),
        ({"model": "linear"}, "factors go with model 'linear', and 'linear' needs some"),
        ({"model": "ff3", "returns": "log"}, "model 'ff3' takes simple returns"),
        ({"model": "garch", "measure": "log_volume"}, "measure 'log_volume' goes with model 'market' or"),
        ({"model": "garch", "standard_errors": "hac"}, "standard_errors 'hac' go with least squares of returns"),
        ({"excluded_days": [-11, 1]}, "excluded_days [-11,1] must lie inside the event window [-10,10]"),
        ({"excluded_days": [1, -1]}, "window [1,-1] ends before it starts"),
        ({"tests": ["bmp"]}, "unknown tests bmp; choose among cross_sectional_t"),
        ({"tests": ["placebo_p"]}, "the test placebo_p needs placebo_dates"),
        ({"tests": ["permutation_p"]}, "the tests permutation_p need resamples"),
        ({"seed": -1}, "lags, leads, hac_lags, resamples, placebo_dates and seed must not be negative"),
    ],
)
def test_fields_that_contradict_each_other_are_named(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    """Windows, numbers and models that do not go together are named with file and study, the study once."""
    message = said_about(tmp_path, **changes)
    assert f"own.yaml: study 'mine': {said}" in message
    assert message.count("'mine'") == 1


def test_every_problem_of_every_study_is_named_at_once(tmp_path: Path) -> None:
    """One message holds each bad field of each study and each id that stands twice."""
    bad: list[dict[str, Any]] = [
        {"model": "capms", "returns": "gross"},
        {"id": "late", "estimation": [-20, 0]},
        {"id": "twice"},
    ]
    studies = [GOOD | change for change in [*bad, {"id": "twice"}]]
    with pytest.raises(CatalogueError, match="study definitions are not valid") as raised:
        load_definitions([study_file(tmp_path, *studies, "no study", {"title": "no id"})])
    lines = str(raised.value).splitlines()[1:]
    assert [line.strip() for line in lines if "twice" in line] == ["study 'twice' is defined more than once"]
    for start in ("'mine': model", "'mine': returns", "'late': the estimation window", "'number 5': the study"):
        assert [line for line in lines if line.startswith(f"  own.yaml: study {start}")]
    assert "  own.yaml: study 'number 6': id: Field required" in lines


def test_an_id_in_two_files_is_refused(tmp_path: Path) -> None:
    """A user's study may not take the name of one that ships."""
    taken = load_definitions(SHIPPED)[0].id
    with pytest.raises(CatalogueError, match=rf"study '{taken}' is defined more than once"):
        load_definitions([*SHIPPED, study_file(tmp_path, GOOD | {"id": taken})])


@pytest.mark.parametrize(("text", "got"), [("", "nothing"), ("[]", "nothing"), ("id: x", "dict"), ("word", "str")])
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, text: str, got: str) -> None:
    """A file that holds no list of studies is named with what it holds."""
    file = tmp_path / "own.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError, match=rf"own\.yaml: expected a list of studies, got {got}"):
        load_definitions([file])


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    """Bad YAML, and a file that is not there, are named."""
    file = tmp_path / "own.yaml"
    file.write_text("- id: [", encoding="utf-8")
    for path in (file, tmp_path / "absent.yaml"):
        with pytest.raises(CatalogueError, match=rf"{path.name}: cannot be read as YAML: "):
            load_definitions([path])


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    """A message shows the start of a long value."""
    message = said_about(tmp_path, model="x" * 500)
    assert "xxx..." in message
    assert len(message) < 400
