"""Gates: Great Expectations decides on measurements and on small frames."""

from __future__ import annotations

import datetime as dt
import json
import socket
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.contracts import DIM_EVENTS, DIM_SECURITIES, FCT_VALUE_IMPACT, MARTS, QUALITY_CHECKS, Table
from pipelines.errors import ConfigurationError, GateClosedError
from pipelines.validation import GateResult, Measurement, Rule, contract_rules, judge
from pipelines.validation.suites import FRAME_ROWS, Validator
from warehouse.checks import measure

AT = dt.datetime(2025, 1, 28, 6, 30, tzinfo=dt.UTC)

SECURITY = {
    "symbol": "NVDA",
    "security_id": "NVDA",
    "name": "NVIDIA",
    "units_per_major": 1,
    "is_minor_unit": False,
    "exchange_mic": "XNAS",
    "asset_class": "equity",
    "source": "test",
    "return_basis": "adj_close",
    "session_basis": "exchange_calendar",
    "first_session": dt.date(2020, 1, 2),
    "last_session": dt.date(2025, 1, 28),
    "last_session_index": 1_000,
    "n_sessions": 1_000,
    "is_ended": False,
}
IMPACT = {
    "event_id": "e1",
    "symbol": "NVDA",
    "session_date": dt.date(2025, 1, 27),
    "study_id": "s1",
    "shares_outstanding": 24.5e9,
    "shares_filed_date": dt.date(2024, 11, 20),
    "market_cap_before_usd": 3.5e12,
    "value_change_usd": -0.6e12,
    "abnormal_value_usd": -0.5e12,
}


def measurement(n: int, *, name: str = "c", severity: Any = "fail", limit: float = 0, **more: Any) -> Measurement:
    """Return what a rule on table t found."""
    rule = Rule(name, "t", severity, "", limit, why=more.pop("why", ""))
    return Measurement(rule, 100, n, more.pop("sample", [{"x": i} for i in range(min(n, 5))]), **more)


def decide(*measurements: Measurement, **frames: pl.DataFrame) -> GateResult:
    """Judge at the publishing gate."""
    return judge("publish", measurements, frames, run_id="run-1", checked_at=AT)


def frame(table: Table, *rows: dict[str, Any]) -> pl.DataFrame:
    """Return rows in the types of a contract."""
    return pl.DataFrame(list(rows), schema=table.polars_schema)


def failed(result: GateResult) -> set[str]:
    """Return the names of the checks that close the gate."""
    return {verdict.check_name for verdict in result.failures}


def test_no_violations_open_the_gate() -> None:
    """A gate is open when every check is within its limit, and then nothing is raised."""
    result = decide(measurement(0), measurement(0, name="d", severity="warn"))
    assert result.is_open
    assert (result.failures, result.warnings) == ((), ())
    assert result.report() == "gate 'publish' is open: 2 checks, 0 failed, 0 warned"
    result.raise_if_closed()


def test_one_violation_too_many_closes_the_gate() -> None:
    """The limit itself is allowed, one row more is not; a limit may be a fraction."""
    checks = [
        measurement(3, name="at_limit", limit=3),
        measurement(4, name="over_limit", limit=3),
        measurement(0, name="at_fraction", limit=0.5),
        measurement(1, name="over_fraction", limit=0.5),
    ]
    result = decide(*checks)
    assert not result.is_open
    assert failed(result) == {"over_limit", "over_fraction"}


def test_a_warning_does_not_close_the_gate() -> None:
    """A broken check of severity warn is reported and lets the data through."""
    result = decide(measurement(7, severity="warn"))
    assert result.is_open
    assert [verdict.check_name for verdict in result.warnings] == ["c"]
    result.raise_if_closed()
    assert result.report().splitlines()[:2] == [
        "gate 'publish' is open: 1 checks, 0 failed, 1 warned",
        '  warn  t.c: 7 rows break it (0 allowed), e.g. {"x": 0}',
    ]


def test_the_report_names_check_count_limit_and_rows() -> None:
    """Whoever reads the error knows the table, the check, how many rows are wrong, and how they look."""
    result = decide(measurement(2, name="unique_key", limit=1, why="Two rows count twice."), measurement(1, name="one"))
    with pytest.raises(GateClosedError, match="gate 'publish' is closed: 2 checks, 2 failed") as raised:
        result.raise_if_closed()
    assert str(raised.value).splitlines() == [
        "gate 'publish' is closed: 2 checks, 2 failed, 0 warned",
        '  fail  t.unique_key: 2 rows break it (1 allowed), e.g. {"x": 0}',
        '        {"x": 1}',
        "        (Two rows count twice.)",
        '  fail  t.one: 1 row breaks it (0 allowed), e.g. {"x": 0}',
        "Nothing was let through. Correct or quarantine the rows above, then run again.",
    ]


def test_a_long_report_is_cut() -> None:
    """A hundred broken checks do not flood the terminal; the record has them all."""
    result = decide(*(measurement(1, name=f"c{n}") for n in range(100)))
    assert "  ... and 80 more, see table quality_checks" in result.report()
    assert result.checks.filter(~pl.col("passed")).height == 100


def test_text_of_a_source_cannot_steer_the_terminal() -> None:
    """Escape sequences in sample rows and in error texts are shown, not sent."""
    escaped = "\x1b[2J\u202e"
    report = decide(measurement(1, sample=[{"x": escaped}]), measurement(1, name="d", error=escaped)).report()
    assert all(line.isprintable() for line in report.splitlines())


def test_a_check_that_could_not_be_measured_fails() -> None:
    """What is not known is not passed, and checks with one cause share a line."""
    errors = [measurement(1, name=f"c{n}", error="Catalog Error: no table t") for n in range(3)]
    result = decide(*errors)
    assert not result.is_open
    assert result.report().splitlines()[1] == (
        "  fail  t.c0: could not be measured: Catalog Error: no table t (and 2 more checks of this table)"
    )


def test_the_verdict_is_that_of_great_expectations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing beside Great Expectations decides: what it calls a success passes."""
    validate = Validator.validate_counts

    def reversed_success(self: Validator, suite: str, measurements: Any) -> dict[str, Any]:
        result = validate(self, suite, measurements)
        for item in result["results"]:
            item["success"] = not item["success"]
        return result

    checks = [measurement(1, name="bad"), measurement(0, name="good")]
    assert failed(decide(*checks)) == {"bad"}
    monkeypatch.setattr(Validator, "validate_counts", reversed_success)
    assert failed(decide(*checks)) == {"good"}


def test_suites_carry_limits_and_severities() -> None:
    """The suite of a table asserts on each count, critical where a failure closes the gate."""
    result = decide(measurement(0, limit=3), measurement(0, name="d", severity="warn"))
    (validation,) = result.validations
    assert validation["suite_name"] == "publish.t"
    first, second = (item["expectation_config"] for item in validation["results"])
    assert first["kwargs"] | {"batch_id": ""} == {"batch_id": "", "column": "c", "min_value": 0.0, "max_value": 3.0}
    assert (first["severity"], second["severity"]) == ("critical", "warning")
    json.dumps(result.validations, allow_nan=False)


def test_the_record_follows_its_contract() -> None:
    """Every verdict becomes one row of quality_checks, the sample as JSON."""
    checks = decide(measurement(2, limit=1.5), measurement(0, name="d", severity="warn")).checks
    assert checks.schema == QUALITY_CHECKS.polars_schema
    assert checks.unique(QUALITY_CHECKS.key).height == checks.height == 2
    assert checks.row(0, named=True) == {
        "run_id": "run-1",
        "gate": "publish",
        "table_name": "t",
        "check_name": "c",
        "severity": "fail",
        "passed": False,
        "observed": 2.0,
        "expected": 1.5,
        "n_rows": 100,
        "sample": '[{"x": 0}, {"x": 1}]',
        "checked_at": AT,
    }
    assert checks.row(1, named=True)["sample"] is None


def test_contract_rules_pass_and_fail_from_the_database_to_the_gate() -> None:
    """Each rule of a contract, measured in DuckDB, lets a sound row through and closes the gate on a broken one."""
    with duckdb.connect() as connection:
        connection.execute("create schema mart")
        columns = ", ".join(f'"{column.name}" {column.sql}' for column in DIM_SECURITIES.columns)
        connection.execute(f"create table mart.dim_securities ({columns})")
        rules = contract_rules(DIM_SECURITIES, "mart.dim_securities")
        assert decide(*measure(connection, rules)).is_open
        insert = f"insert into mart.dim_securities ({', '.join(SECURITY)}) values ({', '.join('?' for _ in SECURITY)})"
        connection.execute(insert, list(SECURITY.values()))
        assert decide(*measure(connection, rules)).is_open
        for broken in ({"symbol": None}, {"asset_class": "bond"}, {"n_sessions": 0}, {}):
            connection.execute(insert, list((SECURITY | broken).values()))
        result = decide(*measure(connection, rules))
    assert failed(result) == {"not_null_symbol", "allowed_asset_class", "in_range_n_sessions", "unique_key"}
    assert 'dim_securities.not_null_symbol: 1 row breaks it (0 allowed), e.g. {"symbol": null}' in result.report()


def test_sound_frames_open_the_gate() -> None:
    """A frame that keeps its contract passes, and so does one without rows."""
    result = decide(
        dim_securities=frame(DIM_SECURITIES, SECURITY, SECURITY | {"symbol": "AMD", "name": None}),
        fct_value_impact=frame(FCT_VALUE_IMPACT, IMPACT),
        dim_events=DIM_EVENTS.empty(),
    )
    assert result.report().startswith("gate 'publish' is open")
    names = set(result.checks.filter(pl.col("table_name") == "dim_securities")["check_name"])
    assert {"values_columns", "values_unique_key", "values_not_null_symbol", "values_allowed_asset_class"} <= names
    assert "values_not_null_name" not in names


@pytest.mark.parametrize("table", MARTS, ids=lambda table: str(table.name))
def test_every_mart_has_a_suite(table: Table) -> None:
    """The suites derive from the contracts, so that every mart can be judged by its values."""
    assert decide(**{table.name: table.empty()}).is_open


@pytest.mark.parametrize(
    ("changed", "check", "sample"),
    [
        ({"symbol": None}, "values_not_null_symbol", {"symbol": None}),
        ({"asset_class": "bond"}, "values_allowed_asset_class", {"asset_class": "bond", "symbol": "NVDA"}),
        ({"n_sessions": 0}, "values_in_range_n_sessions", {"n_sessions": 0, "symbol": "NVDA"}),
        ({"is_ended": None}, "values_not_null_is_ended", {"is_ended": None, "symbol": "NVDA"}),
    ],
)
def test_a_bad_value_in_a_frame_closes_the_gate(changed: dict[str, Any], check: str, sample: dict[str, Any]) -> None:
    """Each kind of bad value fails its expectation alone, and is shown with its key."""
    result = decide(dim_securities=frame(DIM_SECURITIES, SECURITY | {"symbol": "AMD"}, SECURITY | changed))
    (verdict,) = result.failures
    assert (verdict.check_name, verdict.observed, verdict.n_rows, verdict.sample) == (check, 1, 2, [sample])


@pytest.mark.parametrize(
    ("table", "row", "key"),
    [(DIM_SECURITIES, SECURITY, {"symbol": "NVDA"}), (FCT_VALUE_IMPACT, IMPACT, {"event_id": "e1", "symbol": "NVDA"})],
)
def test_a_repeated_key_in_a_frame_closes_the_gate(table: Table, row: dict[str, Any], key: dict[str, str]) -> None:
    """Both rows of a repeated key count, for keys of one column and of several."""
    (verdict,) = decide(**{table.name: frame(table, row, row)}).failures
    assert (verdict.check_name, verdict.observed) == ("values_unique_key", 2)
    assert verdict.sample == [key, key]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_none_close_the_gate(value: float) -> None:
    """NaN, which pandas takes for a null, and infinities are found before pandas sees them."""
    result = decide(fct_value_impact=frame(FCT_VALUE_IMPACT, IMPACT | {"value_change_usd": value}))
    verdict = next(item for item in result.failures if item.check_name == "values_finite_value_change_usd")
    assert verdict.sample == [{"event_id": "e1", "symbol": "NVDA", "value_change_usd": str(value)}]


def test_a_missing_column_of_a_frame_closes_the_gate() -> None:
    """The missing column is named, and what could not be judged without it fails."""
    result = decide(dim_securities=frame(DIM_SECURITIES, SECURITY).drop("asset_class"))
    assert failed(result) == {"values_columns", "values_not_null_asset_class", "values_allowed_asset_class"}
    columns = next(item for item in result.failures if item.check_name == "values_columns")
    assert columns.sample == [{"column_name": "asset_class"}]
    assert 'could not be measured: Error: The column "asset_class" in BatchData does not exist.' in result.report()


def test_a_wrong_type_in_a_frame_closes_the_gate() -> None:
    """A number that arrives as text is named with both types."""
    wrong = frame(DIM_SECURITIES, SECURITY).with_columns(pl.col("n_sessions").cast(pl.String))
    result = decide(dim_securities=wrong)
    assert failed(result) == {"values_types", "values_in_range_n_sessions"}
    types = next(item for item in result.failures if item.check_name == "values_types")
    assert types.sample == [{"column_name": "n_sessions", "expected_type": "Int64", "found_type": "String"}]


@pytest.mark.parametrize(("zone", "is_open"), [("UTC", True), ("Etc/UTC", True), ("Asia/Seoul", True), (None, False)])
def test_an_instant_is_one_in_any_zone(zone: str | None, is_open: bool) -> None:
    """DuckDB hands out instants in the zone of its session; a time without a zone is none."""
    row = {"event_id": "e1", "title": "t", "precision": "day", "kind": "news", "source": "s"}
    events = frame(DIM_EVENTS, row).with_columns(
        pl.lit(AT).dt.replace_time_zone(zone).alias(name) for name in ("occurred_at", "available_at", "available_by")
    )
    result = decide(dim_events=events)
    assert result.is_open == is_open
    assert failed(result) == (set() if is_open else {"values_types"})


def test_a_large_frame_is_not_read() -> None:
    """A frame too large for pandas is left to its counts, and a warning says so."""
    big = pl.concat([frame(DIM_SECURITIES, SECURITY)] * (FRAME_ROWS + 1))
    result = decide(dim_securities=big)
    assert result.is_open
    assert [verdict.check_name for verdict in result.warnings] == ["values_read"]
    assert len(result.validations) == 1


def test_a_gate_without_checks_is_refused() -> None:
    """Nothing measured is not the same as nothing wrong."""
    with pytest.raises(ConfigurationError, match="expected measurements, got none"):
        decide()


def test_a_check_occurs_once() -> None:
    """Two checks of one name would hide one another in the record."""
    with pytest.raises(ConfigurationError, match=r"checks \['t\.c'\] occur more than once"):
        decide(measurement(0), measurement(1))


def test_a_frame_needs_a_contract() -> None:
    """A frame that nobody described cannot be judged."""
    with pytest.raises(ConfigurationError, match="frame 'dim_moods' has no contract"):
        decide(dim_moods=pl.DataFrame({"mood": ["fine"]}))


def test_judging_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """A gate prints nothing, leaves no file where it runs, and reaches for no network."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the gate tried to reach the network")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    bad = frame(DIM_SECURITIES, SECURITY, SECURITY).drop("name")
    assert not decide(measurement(1), dim_securities=bad).is_open
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
