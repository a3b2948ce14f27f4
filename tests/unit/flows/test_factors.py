"""Factor files of a run: the table that a study reads, what is refused, and what a model lacks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from flows.factors import expect_sound_factors, lacking_factors, read_factors
from flows.inputs import fetch_factors, incoming
from flows.run import model_variables, models
from pipelines.errors import ConfigurationError, SourceError
from pipelines.event_study import StudySpec, Window
from pipelines.settings import Settings
from warehouse.models import run_ready
from warehouse.store import append
from warehouse.workspace import open_memory_workspace, set_variables, write_table

NOW = datetime(2025, 3, 1, tzinfo=UTC)
MONDAY = date(2025, 1, 27)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a workspace without a warehouse."""
    with open_memory_workspace() as opened:
        yield opened


def settings(folder: Path, columns: dict[str, list[Any]], **more: Any) -> Settings:
    """Return settings with one factor file of these columns, one row per day from the first Monday."""
    n = len(next(iter(columns.values())))
    days = [MONDAY + timedelta(days=number) for number in range(n)]
    pl.DataFrame({"date": days} | columns).write_parquet(folder / "factors.parquet")
    return Settings(factors=(folder / "factors.parquet",), **more)


def build(connection: duckdb.DuckDBPyConnection, chosen: Settings) -> None:
    """Build the core tables of the factors."""
    append(connection, [incoming(batch) for batch in fetch_factors(chosen, NOW)], run_id="r")
    set_variables(connection, model_variables(chosen, "files"))
    objects = connection.execute("select source, object from raw.batches").pl()
    write_table(connection, "raw.inputs", objects)
    run_ready(connection, models())


def spec(model: str, **more: Any) -> StudySpec:
    """Return a study with a model."""
    windows: dict[str, Any] = {"estimation": Window(-30, -6), "event": Window(-5, 5), "car_windows": (Window(0, 0),)}
    return StudySpec("s", "a study", model, None, "simple", **windows, min_estimation_obs=20, **more)


def test_the_table_has_a_column_per_factor_and_a_row_per_date(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Returns in percent come out as decimals, one row per date in order, null where one is missing or rejected."""
    columns = {"SMB": [0.5, -99.99, 1.0], "Mkt-RF": [1.0, 2.0, float("inf")], "Mom": [None, None, None]}
    build(connection, settings(tmp_path, columns, factor_unit="percent"))
    table = read_factors(connection)
    assert table is not None
    assert table.schema == {"factor_date": pl.Date, "mkt_rf": pl.Float64, "smb": pl.Float64}
    assert table.rows() == [
        (MONDAY, 0.01, 0.005),
        (MONDAY + timedelta(days=1), 0.02, None),
        (MONDAY + timedelta(days=2), None, 0.01),
    ]


def test_without_factor_files_there_is_no_table(connection: duckdb.DuckDBPyConnection) -> None:
    """A run without factor files has no table of factors, and nothing to refuse."""
    build(connection, Settings())
    assert read_factors(connection) is None
    expect_sound_factors(connection, Settings())


PERCENT = {"Mkt-RF": [0.7, -0.2, 0.4], "SMB": [0.01, 0.02, -0.01], "RF": [0.02, 0.02, 0.02]}
DECIMAL = {name: [value / 100 for value in values] for name, values in PERCENT.items()}


def test_decimals_that_look_like_percent_are_refused(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A market that moves by more than 5 % on half of the days is in percent; the message says how to say so."""
    chosen = settings(tmp_path, PERCENT)
    build(connection, chosen)
    with pytest.raises(
        ConfigurationError, match=r"look like percent: .*mkt_rf 0\.4, .*--factor-unit percent"
    ) as raised:
        expect_sound_factors(connection, chosen)
    assert "smb" not in str(raised.value)
    assert raised.value.exit_code == 2


SOUND: dict[str, tuple[dict[str, list[float]], str]] = {
    "decimals": (DECIMAL, "decimal"),
    "percent": (PERCENT, "percent"),
    "a known factor vouches for a level beside it": (DECIMAL | {"VIX": [18.0, 17.0, 21.0]}, "decimal"),
}


@pytest.mark.parametrize(("columns", "unit"), SOUND.values(), ids=SOUND)
def test_returns_in_the_stated_unit_pass(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, columns: dict[str, list[float]], unit: str
) -> None:
    """Numbers of the size of daily returns are not refused."""
    chosen = settings(tmp_path, columns, factor_unit=unit)
    build(connection, chosen)
    expect_sound_factors(connection, chosen)


def test_factors_of_one_s_own_are_judged_alone(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Without a factor of known size any other one decides; the risk-free return does not."""
    chosen = settings(tmp_path, {"Quality": [1.0, -0.6, 0.4], "RF": [0.0, 0.0, 0.0]})
    build(connection, chosen)
    with pytest.raises(ConfigurationError, match=r"the median size is quality 0\.6"):
        expect_sound_factors(connection, chosen)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"SMB": [float("nan")]}, r"can be used\. not_finite: 1 rows, such as: the return is not a finite number"),
        ({"SMB": [-99.99]}, r"can be used\. Every value is missing\. Expected daily returns with dates YYYY-MM-DD"),
    ],
    ids=["rejected", "missing"],
)
def test_files_without_a_single_return_are_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, columns: dict[str, list[Any]], said: str
) -> None:
    """Factor files of which no value is left are refused with the rules that they break."""
    chosen = settings(tmp_path, columns)
    build(connection, chosen)
    with pytest.raises(SourceError, match=said):
        expect_sound_factors(connection, chosen)


@pytest.mark.parametrize(
    ("model", "more", "found", "said"),
    [
        ("constant_mean", {}, [], None),
        ("ff3", {}, ["rf", "hml", "smb", "mkt_rf", "mom"], None),
        (
            "ff3",
            {},
            [],
            "model 'ff3' needs the factors mkt_rf, smb, hml, rf; this source has none "
            "(give --factors FILE or --factors-source ken_french)",
        ),
        (
            "carhart",
            {},
            ["mkt_rf", "smb", "hml", "rf"],
            "model 'carhart' needs the factors mkt_rf, smb, hml, mom, rf; this source lacks mom "
            "(add another --factors FILE)",
        ),
        (
            "linear",
            {"factors": ("vix",)},
            ["mkt_rf"],
            "model 'linear' needs the factor vix; this source has none (give --factors FILE)",
        ),
    ],
)
def test_what_a_model_lacks_is_said_in_one_sentence(
    model: str, more: dict[str, Any], found: list[str], said: str | None
) -> None:
    """A study whose model needs factors names those that there are not."""
    assert lacking_factors(spec(model, **more), found) == said
