"""Contracts of the pipeline's own record: runs, checks, quarantine, published generations."""

from __future__ import annotations

from pipelines.contracts.model import Column, Table
from pipelines.contracts.vocabulary import REJECTED, RUN_STATUSES, SEVERITIES

RUNS = Table(
    name="runs",
    grain="one row per run",
    key=("run_id",),
    meaning="Runs of the pipeline, backfills among them",
    columns=(
        Column("run_id", "text", "name of the run"),
        Column("started_at", "instant", "start"),
        Column("finished_at", "instant", "end; null while it runs or if it was killed", nullable=True),
        Column("flow", "text", "flow that ran"),
        Column("source", "text", "price source; several of a backfill with commas between them"),
        Column("code_version", "text", "version of this package"),
        Column("input_hash", "text", "hash of every raw version the run read", nullable=True),
        Column("status", "text", "how it ended", allowed=RUN_STATUSES),
        Column("message", "text", "what went wrong, or of a backfill how its chunks ended", nullable=True),
        Column("n_requests", "integer", "requests to providers; null if none is asked", nullable=True, minimum=0),
        Column("n_rows", "integer", "rows of prices that were new", nullable=True, minimum=0),
    ),
)

QUALITY_CHECKS = Table(
    name="quality_checks",
    grain="one row per run, gate, table and check",
    key=("run_id", "gate", "table_name", "check_name"),
    meaning="What each gate measured and decided",
    columns=(
        Column("run_id", "text", "run"),
        Column("gate", "text", "gate", allowed=("study", "publish")),
        Column("table_name", "text", "table that was checked"),
        Column("check_name", "text", "check"),
        Column("severity", "text", "whether a failure closes the gate", allowed=SEVERITIES),
        Column("passed", "boolean", "whether the check passed"),
        Column("observed", "float", "rows that break the rule", unit="rows", minimum=0.0),
        Column("expected", "float", "most rows that may break it", unit="rows", minimum=0.0),
        Column("n_rows", "integer", "rows checked", unit="rows", minimum=0),
        Column("sample", "json", "up to five rows that break it", nullable=True),
        Column("checked_at", "instant", "time of the check"),
    ),
)

QUARANTINE = Table(
    name="quarantine",
    grain="one row per rejected input row and rule",
    key=("batch_id", "row_number", "rule_id"),
    meaning="Input rows that break a rule: kept, counted, and left out of the returns",
    columns=(
        Column("batch_id", "text", "raw batch the row came in"),
        Column("row_number", "integer", "row of the batch, counted from 0", minimum=0),
        Column("rule_id", "text", "rule that was broken"),
        Column("reason", "text", "what is wrong, with the value"),
        Column("source", "text", "source of the row"),
        Column("symbol", "text", "security, if the row names one", nullable=True),
        Column("session_date", "date", "date, if the row has a readable one", nullable=True),
        Column("content", "json", "the row as it came"),
    ),
)

GENERATIONS = Table(
    name="generations",
    grain="one row per published generation",
    key=("generation_id",),
    meaning="Every publication of the marts with its content hash",
    columns=(
        Column("generation_id", "text", "name of the generation"),
        Column("run_id", "text", "run that published it"),
        Column("published_at", "instant", "time of publication"),
        Column("content_hash", "text", "hash over all data tables"),
        Column("table_hashes", "json", "rows and hash of each table"),
    ),
)

MACRO_HELP = Table(
    name="macro_help",
    grain="one row per macro",
    key=("name",),
    meaning="Macros of the published database: event studies in plain SQL",
    columns=(
        Column("name", "text", "name of the macro"),
        Column("call", "text", "how it is called, with the defaults of its named arguments"),
        Column("help", "text", "what it is for"),
        Column("grain", "text", "what a row of its result is"),
        Column("units", "text", "units of its result"),
        Column("is_table", "boolean", "whether it gives rows (select * from ...) or one value (select ...)"),
        Column("body", "text", "its definition"),
    ),
)

PUBLISHED_AUDIT = (QUALITY_CHECKS, RUNS, QUARANTINE)

REJECTED_ANSWERS = Table(
    name="rejected_answers",
    grain="one row per answer of a provider of which nothing was stored",
    key=("run_id", "source", "object", "first_date", "fetched_at"),
    meaning="Answers that could not be read or contradict what is stored, kept for whoever looks into it",
    columns=(
        Column("run_id", "text", "run that asked"),
        Column("source", "text", "source"),
        Column("object", "text", "what was asked for, by our name for it"),
        Column("first_date", "date", "first day asked for"),
        Column("last_date", "date", "last day asked for"),
        Column("fetched_at", "instant", "when it was answered"),
        Column("url", "text", "what was asked, without anything secret"),
        Column("state", "text", "why nothing was stored", allowed=tuple(REJECTED)),
        Column("reason", "text", "what was expected and what was got"),
        Column("body", "text", "beginning of a body that could not be read", nullable=True),
        Column("actions", "json", "corporate actions of the answer", nullable=True),
        Column("content_hash", "text", "names its bars in rejected_bars; null if it had none", nullable=True),
        Column("n_bars", "integer", "bars in the answer", minimum=0),
    ),
)

REJECTED_BARS = Table(
    name="rejected_bars",
    grain="one row per bar of a rejected answer; answers of the same content share their bars",
    key=("content_hash", "row_number"),
    meaning="Bars of rejected answers as the provider sent them, the newest ones if there are very many",
    columns=(
        Column("content_hash", "text", "answer, see rejected_answers"),
        Column("row_number", "integer", "bar of the answer, counted from 0", minimum=0),
        Column("date", "date", "day of the bar on the exchange's clock", nullable=True),
        Column("opened_at", "instant", "the provider's own stamp", nullable=True),
        *(
            Column(name, "float", name, nullable=True)
            for name in ("open", "high", "low", "close", "adj_close", "volume")
        ),
    ),
)

AUDIT = (RUNS, QUALITY_CHECKS, GENERATIONS, REJECTED_ANSWERS, REJECTED_BARS)
