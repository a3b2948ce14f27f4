"""``reaction events``: list, show and check events; decide about candidates from the news."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

if TYPE_CHECKING:
    from pipelines.sources.catalogue_events import Event

app = App(name="events", help="List, show and check events; decide about candidates.", help_format="markdown")


@app.command(name="list")
def list_events(
    *,
    theme: str | None = None,
    kind: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """List the events of the catalogue, the newest last.

    ```
    reaction events list --theme efficiency_breakthrough
    ```

    Parameters
    ----------
    theme
        Only events of this theme.
    kind
        Only events of this kind: news, outcome or corporate_action.
    as_json
        Print JSON.
    """
    from flows.cli.output import print_rows

    rows = [
        (event.id, event.public_from, event.precision, event.kind, event.theme, _symbols(event), event.title)
        for event in sorted(_catalogue(), key=lambda event: (event.public_from, event.id))
        if (theme is None or event.theme == theme) and (kind is None or event.kind == kind)
    ]
    columns = ["event_id", "available_at", "precision", "kind", "theme", "symbols", "title"]
    print_rows(columns, rows, "json" if as_json else "table")


@app.command
def show(event_id: str, /, *, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False) -> None:
    """Show one event with everything the catalogue knows of it.

    ```
    reaction events show deepseek-r1-release
    ```

    Parameters
    ----------
    event_id
        Name of the event.
    as_json
        Print JSON.
    """
    from flows.cli.output import plain, print_json
    from pipelines.errors import CatalogueError

    catalogue = {event.id: event for event in _catalogue()}
    if event_id not in catalogue:
        from difflib import get_close_matches

        near = get_close_matches(event_id, catalogue, n=3, cutoff=0.4)
        hint = f"; did you mean {', '.join(near)}?" if near else "; `reaction events list` shows all"
        raise CatalogueError(f"there is no event {event_id!r}{hint}")
    record = catalogue[event_id].model_dump(mode="json", exclude_none=True)
    if as_json:
        print_json(record)
        return
    width = max(map(len, record))
    for name, value in record.items():
        print(f"{name:<{width}}  {plain(_shown(value))}")


@app.command
def check(files: tuple[Path, ...], /) -> None:
    """Check event files of yours before a run reads them; every bad field is named.

    ```
    reaction events check my_events.yaml
    ```

    Parameters
    ----------
    files
        Event files: YAML of the catalogue's form, or lists (CSV, Parquet).
    """
    from flows.event_files import problems_of
    from pipelines.errors import CatalogueError

    problems = problems_of(files)
    if problems:
        raise CatalogueError("event files are not valid:\n  " + "\n  ".join(problems))
    print(f"{len(files)} file{'s' if len(files) != 1 else ''} checked: no problem found")


@app.command
def candidates(
    *,
    since: date | None = None,
    every: Annotated[bool, Parameter(name="--all", negative="")] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """List what the news of the last run proposes as events, the newest first.

    ```
    reaction events candidates --since 2025-01-20
    ```

    Parameters
    ----------
    since
        Only what became public on this day of UTC or later.
    every
        Also those that were promoted or rejected, or that an event tells already.
    as_json
        Print JSON, with everything that is known of each.
    """
    from flows.candidates import read_candidates
    from flows.cli.output import print_json, print_rows
    from pipelines.settings import load_settings

    rows = read_candidates(load_settings(), since, () if every else ("candidate",))
    if as_json:
        print_json(rows)
        return
    if not rows:
        print("no candidates: the news that the last run read proposes nothing that was not decided yet")
        return
    columns = ["candidate_id", "available_at", "precision", "kind", "theme", "symbols", "title", "status", "event_id"]
    shown = [{**row, "symbols": " ".join(row["symbols"])} for row in rows]
    print_rows(columns, [[row[name] for name in columns] for row in shown], "table")


@app.command
def promote(
    candidate_id: str,
    /,
    *,
    title: str | None = None,
    sign: tuple[str, ...] = (),
    event_id: str | None = None,
    theme: str | None = None,
    note: str | None = None,
    by: str | None = None,
    repeated: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Make a candidate an event of yours; the next run studies it.

    ```
    reaction events promote edgar:0001045810-25-000023 --title "Nvidia results, fiscal Q4 2025" --sign NVDA=+
    ```

    Parameters
    ----------
    candidate_id
        The candidate, as `reaction events candidates` names it.
    title
        What happened, if the title of the news does not say it well.
    sign
        Direction expected of a security before the fact: NVDA=+, NVDA=- or NVDA=?. Repeat it for several; one that
        the news does not name is added, and one that is not given here has "?".
    event_id
        Name of the event; without it one is made of the title and the day.
    theme
        Line of argument; without it that of the news.
    note
        What a reader should know.
    by
        Who decides; without it the user of this machine.
    repeated
        Promote a candidate that an event tells already.
    """
    from datetime import UTC, datetime

    from flows import candidates as deciding
    from pipelines.settings import load_settings

    settings = load_settings()
    promotion = deciding.Promotion(
        decided_by=by or _user(),
        title=title,
        event_id=event_id,
        theme=theme,
        note=note,
        signs=deciding.parse_signs(sign),
        is_repeated=repeated,
    )
    name = deciding.promote(settings, candidate_id, promotion, datetime.now(UTC))
    print(f"event {name} is in {settings.promoted_file}; the next `reaction run` studies it")


@app.command
def reject(candidate_id: str, /, *, reason: str, by: str | None = None) -> None:
    """Turn a candidate down; it does not come back unless its facts change.

    ```
    reaction events reject edgar:0001045810-25-000030 --reason "routine filing"
    ```

    Parameters
    ----------
    candidate_id
        The candidate, as `reaction events candidates` names it.
    reason
        Why it is no event.
    by
        Who decides; without it the user of this machine.
    """
    from datetime import UTC, datetime

    from flows import candidates as deciding
    from pipelines.settings import load_settings

    settings = load_settings()
    is_new = deciding.reject(settings, candidate_id, reason, by or _user(), datetime.now(UTC))
    print(f"candidate {candidate_id} {'is' if is_new else 'was already'} rejected, see {settings.rejected_file}")


def _user() -> str:
    import getpass

    return getpass.getuser()


def _shown(value: object) -> str:
    """Return a field of an event as one line."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(item)}" for name, item in value.items())
    if isinstance(value, list):
        tickers = [f"{item['ticker']} {item['sign']}" if isinstance(item, dict) else str(item) for item in value]
        return ", ".join(tickers)
    return str(value)


def _symbols(event: Event) -> str:
    return " ".join(ticker.ticker for ticker in event.tickers)


def _catalogue() -> list[Event]:
    from flows.inputs import event_catalogues
    from pipelines.settings import load_settings
    from pipelines.sources import catalogue_events

    return catalogue_events.load_events(event_catalogues(load_settings()))
