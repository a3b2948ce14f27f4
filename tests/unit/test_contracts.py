"""Contracts: the columns every published table promises, and what a contract does to a frame."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from pipelines.contracts import AUDIT, PUBLISHED, RAW, Column, Table, vocabulary
from pipelines.errors import ContractError

PROMISED = {
    "dim_securities": "symbol name exchange_mic currency asset_class benchmark_symbol",
    "dim_sessions": "exchange_mic session_date open_at close_at session_index",
    "dim_events": "event_id title occurred_at available_at precision kind theme source url verified",
    "dim_studies": "study_id title model benchmark_symbol return_type estimation_start estimation_end event_start "
    "event_end min_estimation_obs spec",
    "fct_returns": "symbol session_date close adj_close volume simple_return log_return",
    "fct_event_securities": "event_id symbol event_session day0_rule expected_sign status reason n_confounders",
    "fct_study_securities": "study_id event_id symbol event_session status reason n_estimation_obs alpha beta sigma "
    "alpha_se beta_se coefficients",
    "fct_abnormal_returns": "study_id event_id symbol relative_day session_date actual_return expected_return "
    "abnormal_return std_abnormal_return cum_abnormal_return cum_abnormal_return_se",
    "fct_event_cars": "study_id event_id symbol window_start window_end car car_se scar t_stat p_value p_holm "
    "p_bh bhar n_estimation_obs is_complete",
    "fct_group_tests": "study_id group_by group_value window_start window_end test statistic p_value p_holm p_bh "
    "df n caar r_bar is_valid note",
    "fct_value_impact": "event_id symbol session_date shares_outstanding market_cap_before_usd value_change_usd "
    "abnormal_value_usd",
    "fct_movers": "symbol session_date model abnormal_return std_abnormal_return p_value session_rank n_news "
    "top_news_id top_news_title event_ids",
    "fct_event_reactions": "event_id symbol session_date reaction std_abnormal_return",
    "fct_confounders": "event_id symbol confounder_kind confounder_id title confounder_session relative_day in_window "
    "distance",
    "fct_event_candidates": "candidate_id kind title occurred_at available_at precision symbols theme news_ids rule "
    "status event_id",
    "quality_checks": "run_id table_name check_name severity passed observed expected checked_at",
    "runs": "run_id started_at finished_at flow source code_version input_hash status message n_requests n_rows",
}
KEYS = {
    "dim_securities": ("symbol",),
    "dim_sessions": ("exchange_mic", "session_date"),
    "dim_events": ("event_id",),
    "dim_studies": ("study_id",),
    "fct_returns": ("symbol", "session_date"),
    "fct_event_securities": ("event_id", "symbol"),
    "fct_study_securities": ("study_id", "event_id", "symbol"),
    "fct_abnormal_returns": ("study_id", "event_id", "symbol", "relative_day"),
    "fct_event_cars": ("study_id", "event_id", "symbol", "window_start", "window_end"),
    "fct_group_tests": ("study_id", "group_by", "group_value", "window_start", "window_end", "test"),
    "fct_value_impact": ("event_id", "symbol"),
    "fct_movers": ("symbol", "session_date"),
    "fct_event_reactions": ("event_id", "symbol"),
    "fct_confounders": ("event_id", "symbol", "confounder_id"),
    "fct_event_candidates": ("candidate_id",),
    "runs": ("run_id",),
}
BY_NAME = {table.name: table for table in PUBLISHED}
ALL = list(dict.fromkeys([*PUBLISHED, *AUDIT, *RAW]))
WORDS = {
    "status": {vocabulary.RUN_STATUSES, tuple(vocabulary.STATUSES), tuple(vocabulary.CANDIDATE_STATUSES)},
    "day0_rule": {tuple(vocabulary.DAY0_RULES)},
    "model": {tuple(vocabulary.MODELS), ("market", "constant_mean")},
    "test": {tuple(vocabulary.TESTS)},
    "kind": {
        tuple(vocabulary.EVENT_KINDS),
        tuple(vocabulary.BATCH_KINDS),
        tuple(vocabulary.ACTION_KINDS),
        tuple(vocabulary.NEWS_KINDS),
        tuple(vocabulary.CANDIDATE_KINDS),
    },
    "state": {tuple(vocabulary.REJECTED)},
    "outcome": {tuple(vocabulary.OUTCOMES), tuple(vocabulary.CHUNK_OUTCOMES)},
    "source": {tuple(vocabulary.LIVE_SOURCES), vocabulary.HOURLY_SOURCES, tuple(vocabulary.NEWS_SOURCES)},
    "dataset": {tuple(vocabulary.FRENCH_DATASETS)},
    "rule": {tuple(vocabulary.NEWS_LINK_RULES), tuple(vocabulary.CANDIDATE_RULES)},
    "theme": {vocabulary.EVENT_THEMES},
    "time_basis": {tuple(vocabulary.TIME_BASES)},
    "other_source": {tuple(vocabulary.LIVE_SOURCES)},
    "precision": {vocabulary.PRECISIONS},
    "expected_sign": {vocabulary.SIGNS},
    "verified": {vocabulary.VERIFIED},
    "return_type": {vocabulary.RETURN_TYPES},
    "asset_class": {vocabulary.ASSET_CLASSES},
    "severity": {vocabulary.SEVERITIES},
    "return_basis": {("adj_close", "close")},
    "session_basis": {("exchange_calendar", "own_dates")},
    "gate": {("study", "publish")},
    "reason": {tuple(vocabulary.SYMBOL_REASONS)},
    "reaction": {tuple(vocabulary.REACTIONS_OF_EVENTS)},
    "confounder_kind": {tuple(vocabulary.CONFOUNDER_KINDS)},
    "in_window": {("estimation", "event")},
    "decision": {vocabulary.DECISIONS},
}
SQL_TYPES = ("varchar", "date", "timestamptz", "bigint", "double", "boolean", "varchar")
EXAMPLE = Table(
    "example",
    "one row per id",
    ("id",),
    "An example",
    (
        Column("id", "text", "name"),
        Column("day", "date", "day", nullable=True),
        Column("at", "instant", "instant", nullable=True),
        Column("n", "integer", "number", nullable=True),
        Column("x", "float", "value", unit="decimal", nullable=True),
        Column("ok", "boolean", "flag", nullable=True),
        Column("more", "json", "the rest", nullable=True),
    ),
)


@pytest.mark.parametrize("name", PROMISED)
def test_a_published_table_has_the_columns_it_promises(name: str) -> None:
    """Every published table has at least the columns that readers were promised."""
    assert set(PROMISED[name].split()) <= set(BY_NAME[name].names)


@pytest.mark.parametrize("name", KEYS)
def test_a_published_table_has_the_grain_it_promises(name: str) -> None:
    """The key of a table is the grain that readers were promised."""
    assert BY_NAME[name].key == KEYS[name]


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_a_contract_is_sound(table: Table) -> None:
    """A contract's columns stand once, its key is not nullable, and everything has a meaning."""
    assert len(table.names) == len(set(table.names))
    assert table.key
    assert not [name for name in table.key if table.column(name).nullable]
    assert table.grain.startswith("one row per ")
    assert table.meaning
    assert not [column.name for column in table.columns if not column.meaning]
    for column in table.columns:
        if column.minimum is not None and column.maximum is not None:
            assert column.minimum <= column.maximum
        if column.allowed:
            assert column.dtype == "text"
        if column.minimum is not None or column.maximum is not None:
            assert column.dtype in ("integer", "float")


def test_names_of_tables_are_unique() -> None:
    """No two contracts share a name."""
    assert len({table.name for table in ALL}) == len(ALL)


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_an_empty_table_is_typed(table: Table) -> None:
    """An empty frame has the contract's columns and types, and conforms to it."""
    empty = table.empty()
    assert empty.height == 0
    assert empty.schema == table.polars_schema
    assert empty.columns == table.names
    assert table.conform(empty).equals(empty)


def test_the_words_of_coded_columns_come_from_the_vocabulary() -> None:
    """Every column that takes words alone takes those of the vocabulary or of the short lists named here."""
    coded = [(table.name, column) for table in ALL for column in table.columns if column.allowed]
    assert coded
    assert not [(table, column.name) for table, column in coded if column.allowed not in WORDS.get(column.name, set())]


@pytest.mark.parametrize(
    "name",
    [
        "STATUSES",
        "DAY0_RULES",
        "MODELS",
        "TESTS",
        "EVENT_KINDS",
        "SYMBOL_REASONS",
        "CONFOUNDER_KINDS",
        "CANDIDATE_KINDS",
        "CANDIDATE_RULES",
    ],
)
def test_every_word_is_described(name: str) -> None:
    """Each word of a described vocabulary has a meaning of its own."""
    words = getattr(vocabulary, name)
    assert all(word and meaning.strip() for word, meaning in words.items())
    assert len(set(words.values())) == len(words)


def test_conform_orders_casts_and_drops() -> None:
    """A frame comes out with the contract's columns alone, in its order and types."""
    frame = pl.DataFrame(
        {
            "unknown": [1],
            "x": [1],
            "n": pl.Series([2], dtype=pl.Int8),
            "id": pl.Series(["a"], dtype=pl.Categorical),
            "day": [date(2025, 1, 27)],
            "at": pl.Series([datetime(2025, 1, 27, tzinfo=UTC)], dtype=pl.Datetime("ms", "UTC")),
            "ok": [True],
            "more": pl.Series([None], dtype=pl.Null),
        }
    )
    conformed = EXAMPLE.conform(frame)
    assert conformed.schema == EXAMPLE.polars_schema
    assert conformed.columns == EXAMPLE.names
    assert conformed["x"].to_list() == [1.0]
    assert conformed["id"].to_list() == ["a"]


def test_conform_names_missing_columns() -> None:
    """A missing column is named, with those expected and those got."""
    with pytest.raises(ContractError, match=r"table example: expected columns .*; missing \['n', 'x'\]"):
        EXAMPLE.conform(EXAMPLE.empty().drop("n", "x"))


@pytest.mark.parametrize(
    ("name", "value"), [("n", "many"), ("x", "1.5.2"), ("day", "Monday"), ("n", 2**70), ("n", [1])]
)
def test_conform_refuses_what_cannot_be_cast(name: str, value: object) -> None:
    """A value that the column's type cannot hold stops the frame instead of becoming null."""
    row = EXAMPLE.empty().clear(1).with_columns(pl.lit("a").alias("id"))
    bad = row.with_columns(pl.Series(name, [value]))
    with pytest.raises(ContractError, match=r"table example: a column has the wrong type: "):
        EXAMPLE.conform(bad)


def test_an_unknown_column_is_refused() -> None:
    """Asking for a column that the table lacks names those it has."""
    assert EXAMPLE.column("x").comment == "value [decimal]"
    assert EXAMPLE.column("id").comment == "name"
    with pytest.raises(ContractError, match=r"contract example has no column 'y'; it has \['id', 'day'"):
        EXAMPLE.column("y")


def test_a_key_must_be_columns() -> None:
    """A contract whose key names no column of its own cannot be made."""
    with pytest.raises(ContractError, match=r"contract bad: key columns \['b'\] are not among its columns"):
        Table("bad", "one row per b", ("b",), "Bad", (Column("a", "text", "a"),))


@pytest.mark.parametrize(
    ("column", "sql"),
    list(zip(EXAMPLE.columns, SQL_TYPES, strict=True)),
)
def test_every_type_has_its_duckdb_type(column: Column, sql: str) -> None:
    """The DuckDB type of a column follows from its type."""
    assert column.sql == sql
