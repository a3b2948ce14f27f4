"""Statements that try to leave the sandbox of ad hoc queries, and what must become of each.

``docs/sandbox.md`` shows the same table; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

NO_SELECT = r"expected exactly one select, got .*; the published marts are read-only"
NO_FILE = r"Permission Error: .*file system operations are disabled by configuration"
NO_FUNCTION = r"Catalog Error: (Scalar|Table) Function with name \w+ does not exist"
NO_TABLE = r"Catalog Error: Table with name \S+ does not exist"
TOO_LONG = r"the query ran longer than [\d.]+ s and was stopped"
TOO_MUCH = r"the query needed more than [\d,]+ MB of memory and was stopped"


@dataclass(frozen=True, slots=True)
class Attack:
    """A statement and the error that it must end with.

    Attributes
    ----------
    name : str
    statement : str
        ``{secret}`` is a file outside of the marts, ``{folder}`` a folder that could be written to.
    error : str
        Pattern of what is said.
    """

    name: str
    statement: str
    error: str


ATTACKS = (
    Attack("read a file as text", "select * from read_text('{secret}')", NO_FILE),
    Attack("read a file as bytes", "select * from read_blob('{secret}')", NO_FILE),
    Attack("read a CSV file", "select * from read_csv('{secret}')", NO_FILE),
    Attack("read a Parquet file", "select * from read_parquet('{secret}')", NO_FILE),
    Attack("read JSON", "select * from read_json('{secret}')", NO_FILE),
    Attack("name a file as a table", "select * from '{secret}'", f"{NO_FILE}|{NO_TABLE}"),
    Attack("read standard input", "select * from read_csv('/dev/stdin')", NO_FILE),
    Attack("list a folder", "select * from glob('{folder}/*')", NO_FILE),
    Attack("guess the form of a file", "select * from sniff_csv('{secret}')", NO_FILE),
    Attack("look into a Parquet file", "select * from parquet_metadata('{secret}')", NO_FILE),
    Attack("a file in a nested query", "from query('select * from read_text(''{secret}'')')", NO_FILE),
    Attack("a file through query_table", "from query_table('{secret}')", f"{NO_FILE}|{NO_TABLE}"),
    Attack(
        "a file in a serialised query",
        "from json_execute_serialized_sql(json_serialize_sql('select * from read_text(''{secret}'')'))",
        NO_FILE,
    ),
    Attack("read over the network", "select * from 'https://example.org/x.parquet'", f"{NO_FILE}|{NO_TABLE}"),
    Attack("write a file", "copy t to '{folder}/out.csv'", NO_SELECT),
    Attack("write a file that is explained", "explain analyze copy t to '{folder}/out.csv'", NO_SELECT),
    Attack("write beside the marts", "explain analyze copy (select 1) to '{marts}.wal' (format csv)", NO_SELECT),
    Attack("write in a nested query", "from query('copy t to ''{folder}/out.csv''')", r"Expected a single SELECT"),
    Attack("export everything", "export database '{folder}/dump'", NO_SELECT),
    Attack("import a database", "import database '{folder}/dump'", f"{NO_SELECT}|{NO_FILE}"),
    Attack("attach another database", "attach '{folder}/other.duckdb' as other", NO_SELECT),
    Attack("install an extension", "install httpfs", NO_SELECT),
    Attack("load an extension", "load httpfs", NO_SELECT),
    Attack("open the sandbox", "set enable_external_access = true", NO_SELECT),
    Attack("take more memory", "set memory_limit = '100GB'", NO_SELECT),
    Attack("unlock the configuration", "reset lock_configuration", NO_SELECT),
    Attack("a pragma", "pragma threads = 8", NO_SELECT),
    Attack("call a function for its effect", "call enable_profiling()", NO_SELECT),
    Attack("log to a file", "from enable_logging(storage := 'file', storage_path := '{folder}/log')", ".+"),
    Attack("read an environment variable", "select getenv('HOME')", NO_FUNCTION),
    Attack("read a variable of Python", "select * from frame", NO_TABLE),
    Attack("read a variable that the process has", "select * from connection", NO_TABLE),
    Attack("ask for secrets", "from duckdb_secrets()", r"Permission Error|^$"),
    Attack("create a table", "create table u as select 1", NO_SELECT),
    Attack("create a macro", "create temp macro m() as 1", NO_SELECT),
    Attack("insert", "insert into t values (9)", NO_SELECT),
    Attack("drop", "drop table t", NO_SELECT),
    Attack("a second statement", "select 1; drop table t", NO_SELECT),
    Attack("a hundred statements", "select 1;" * 100, NO_SELECT),
    Attack("a prepared statement", "prepare p as select 1", NO_SELECT),
    Attack("end the transaction", "commit", NO_SELECT),
    Attack(
        "an endless cross join",
        "select count(*) from range(1000000000) a, range(1000000000) b where a.range * b.range = 7",
        f"{TOO_LONG}|{TOO_MUCH}",
    ),
    Attack(
        "an endless recursion",
        "with recursive n as (select 1 as x union all select x + 1 from n) select count(*) from n",
        f"{TOO_LONG}|{TOO_MUCH}",
    ),
    Attack("an endless answer", "select * from range(1000000000000)", f"{TOO_LONG}|{TOO_MUCH}"),
    Attack("a long list", "select list_sum(range(3000000000))", f"{TOO_MUCH}|{TOO_LONG}"),
    Attack("a long text", "select string_agg(repeat('x', 1000000)) from range(100000)", f"{TOO_MUCH}|{TOO_LONG}"),
    Attack("a text beyond any", "select repeat('x', 20000000000)", f"maximum supported string size|{TOO_MUCH}"),
    Attack("a large row", "select repeat('x', 70000000)", r"a row of [\d,]+ characters; expected at most"),
    Attack("a large group", "select count(distinct a.range) from range(10000000000) a", f"{TOO_MUCH}|{TOO_LONG}"),
    Attack("a query nested deeply", "select " + "(" * 2000 + "1" + ")" * 2000, r"depth|Error|^$"),
)
"""Every attack that is tried."""
