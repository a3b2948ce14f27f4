"""``reaction report``: the published marts as pages that open with a double click."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def report(
    *,
    event: str | None = None,
    study: str | None = None,
    theme: str | None = None,
    open_: Annotated[bool, Parameter(name="--open", negative="")] = False,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Write the published marts as a site of self-contained pages: no server, no network, opened by double click.

    ```
    reaction report --open
    reaction report --event nvda-record-selloff --open
    reaction report --theme efficiency_breakthrough --out report/
    ```

    Only pages whose data have changed are written again.

    Parameters
    ----------
    event
        Limit the report to one event and its securities.
    study
        Limit it to one study.
    theme
        Limit it to one theme.
    open_
        Open the report in the browser.
    out
        Folder of the pages; by default `report/` of the home, one folder per limit.
    as_json
        Print JSON.
    """
    from flows.cli.output import print_json
    from flows.cli.progress import progress
    from flows.report import write_report
    from pipelines.home import MARTS_FILE, REPORT_CACHE, REPORT_FOLDER, find_home
    from pipelines.report.marts import Scope

    home = find_home()
    scope = Scope(event=event, study=study, theme=theme)
    folder = out if out is not None else home / REPORT_FOLDER / scope.name
    with progress("read marts", show=not as_json):
        made = write_report(home / MARTS_FILE, folder, home / REPORT_CACHE, scope)
    counts = {"written": len(made.written), "unchanged": len(made.unchanged), "removed": len(made.removed)}
    if as_json:
        print_json({"folder": made.folder, "start": made.start, **counts})
    else:
        print(", ".join(f"{n} pages {word}" for word, n in counts.items() if n or word == "written"))
        print(f"open: {made.start}")
    if open_:
        import webbrowser

        webbrowser.open(made.start.resolve().as_uri())
