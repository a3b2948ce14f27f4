"""``reaction status``: what is published, how fresh it is, how the last runs ended, what was not stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

if TYPE_CHECKING:
    from pipelines.settings import Settings


def status(*, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False) -> None:
    """Show what is published, how fresh it is, and how the last runs ended.

    ```
    reaction status
    ```

    Parameters
    ----------
    as_json
        Print JSON.
    """
    from flows.cli.output import print_json, print_table
    from pipelines.settings import load_settings
    from warehouse.lease import holder

    settings = load_settings()
    record: dict[str, Any] = {
        "home": settings.home,
        "running": holder(settings.lock_file),
        "published": _published(settings),
        **_record(settings),
    }
    if as_json:
        print_json(record)
        return
    print(f"home:      {settings.home}")
    print(f"running:   {record['running'] or 'nothing'}")
    published = record["published"]
    if published is None:
        print("published: nothing yet; run `reaction run`")
    else:
        print(f"published: {published['generation_id']} at {published['published_at']}")
        print_table(["table", "rows"], published["tables"].items())
        print_table(["status", "pairs"], published["pairs"].items())
        fresh = [tuple(row.values()) for row in published["freshness"]]
        print_table(["exchange", "securities", "last session"], fresh)
    if record["news"]:
        print_table(list(record["news"][0]), [list(row.values()) for row in record["news"]], title="news")
    if record["runs"]:
        _print_runs(record["runs"])
    if record["rejected"]:
        _print_rejected(record["rejected"], record["n_rejected"])


def _published(settings: Settings) -> dict[str, Any] | None:
    import json

    from warehouse.publish import live_generation
    from warehouse.query import run_query

    live = live_generation(settings.published)
    if live is None:
        return None
    pairs = run_query(settings.marts_file, "select status, count(*) from fct_event_securities group by 1 order by 1")
    fresh = run_query(
        settings.marts_file,
        "select coalesce(exchange_mic, 'own dates') as exchange, count(*) as securities, "
        "max(last_session) as last_session from dim_securities group by 1 order by 1",
    )
    return {
        "generation_id": live["generation_id"],
        "published_at": live["published_at"],
        "content_hash": live["content_hash"],
        "tables": {name: entry[0] for name, entry in json.loads(live["table_hashes"]).items()},
        "pairs": {str(status): n for status, n in pairs.rows},
        "freshness": [dict(zip(fresh.columns, row, strict=True)) for row in fresh.rows],
    }


def _record(settings: Settings, n: int = 5) -> dict[str, Any]:
    """Return the last runs, how fresh the news is, and the newest answers of which nothing was stored."""
    from warehouse.connection import open_file
    from warehouse.history import last_runs
    from warehouse.migrations import MIGRATIONS, schema_version
    from warehouse.news_record import news_freshness
    from warehouse.rejected import newest_rejected

    if not settings.warehouse_file.exists():
        return {"runs": [], "news": [], "n_rejected": 0, "rejected": []}
    with open_file(settings.warehouse_file, read_only=True, wait_seconds=settings.lock_wait_seconds) as connection:
        total, rejected = newest_rejected(connection, n)
        news = news_freshness(connection).to_dicts() if schema_version(connection) == len(MIGRATIONS) else []
        return {"runs": last_runs(connection, n), "news": news, "n_rejected": total, "rejected": rejected}


def _print_runs(runs: list[dict[str, Any]]) -> None:
    from flows.cli.output import print_table

    names = ("started_at", "finished_at", "flow", "source", "status", "n_requests", "n_rows", "message")
    columns = ["started", "finished", "flow", "source", "status", "requests", "rows", "message"]
    rows = [[row[name] for name in names] for row in runs]
    print_table(columns, rows, title="last runs", formats={"requests": "{:,}", "rows": "{:,}"})


def _print_rejected(rejected: list[dict[str, Any]], total: int) -> None:
    from flows.cli.output import print_table

    names = ("fetched_at", "source", "object", "state", "n_bars", "reason")
    columns = ["answered", "source", "symbol", "state", "bars", "reason"]
    rows = [[row[name] for name in names] for row in rejected]
    title = f"answers of which nothing was stored, the newest of {total:,}, kept in audit.rejected_answers"
    print_table(columns, rows, title=title)
