"""The commands of ``reaction`` and what happens to their errors."""

from __future__ import annotations

import sys
from importlib.metadata import version

from cyclopts import App, CycloptsError

from flows.cli import check, events, run, sql, status, study

app = App(
    name="reaction",
    help="Which event moved which security, by how much, on what day, how sure are we, and what was it in money?",
    version=lambda: version("market-reaction"),
    help_format="markdown",
)
app.command(run.run)
app.command(study.study)
app.command(sql.sql)
app.command(events.app)
app.command(check.check)
app.command(status.status)


def main(arguments: list[str] | None = None) -> None:
    """Run one command; exit 0 if all is well, 1 if it failed or a gate is closed, 2 if it was called wrongly."""
    from pipelines.errors import ReactionError

    try:
        app(arguments, exit_on_error=False, print_error=True)
    except CycloptsError:
        sys.exit(2)
    except ReactionError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
