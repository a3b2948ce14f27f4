"""The commands of ``reaction`` and what happens to their errors."""

from __future__ import annotations

import sys

from cyclopts import App, CycloptsError, Parameter

from flows.cli import check, events, run, sql, status, study


def _version() -> str:
    from importlib.metadata import version

    return version("market-reaction")


app = App(
    name="reaction",
    help="Which event moved which security, by how much, on what day, how sure are we, and what was it in money?",
    version=_version,
    help_format="plaintext",  # markdown takes longer to load than the whole of this help
    default_parameter=Parameter(negative_iterable=()),
)
for command in (run.run, sql.sql, check.check, status.status):
    app.command(command, help_format="markdown")
app.command(study.study, help_format="markdown", usage="Usage: reaction study --prices PATH --events PATH [OPTIONS]")
app.command(events.app)


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
