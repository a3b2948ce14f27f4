"""``reaction events``: list, show and check events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

if TYPE_CHECKING:
    from pipelines.sources.catalogue_events import Event

app = App(name="events", help="List, show and check events.", help_format="markdown")


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
        items = value if isinstance(value, list) else [value]
        text = ", ".join(f"{item['ticker']} {item['sign']}" if isinstance(item, dict) else str(item) for item in items)
        print(f"{name:<{width}}  {plain(text)}")


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


def _symbols(event: Event) -> str:
    return " ".join(ticker.ticker for ticker in event.tickers)


def _catalogue() -> list[Event]:
    from flows.run import seeds_folder
    from pipelines.settings import load_settings
    from pipelines.sources import catalogue_events

    own = [path for path in load_settings().events if path.suffix.lower() in (".yaml", ".yml")]
    return catalogue_events.load_events([*catalogue_events.catalogue_files(seeds_folder()), *own])
