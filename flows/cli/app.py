"""The commands of ``reaction`` and what happens to their errors."""

from __future__ import annotations

import sys

from cyclopts import App, CycloptsError, Parameter


def _version() -> str:
    from importlib.metadata import version

    return version("market-reaction")


COMMANDS = {
    "run": ("flows.cli.run:run", "Run the whole pipeline once: prices and events in, published marts out."),
    "backfill": ("flows.cli.backfill:backfill", "Fill the warehouse with histories from live sources; resumable."),
    "study": ("flows.cli.study:study", "Run one event study on price files or stored prices, and event files."),
    "sql": ("flows.cli.sql:sql", "Run one select on the published marts."),
    "events": ("flows.cli.events:app", "List, show and check events; decide about candidates."),
    "report": ("flows.cli.report:report", "Write the published marts as pages that open with a double click."),
    "check": ("flows.cli.check:check", "Check the published marts again: every rule and every hash."),
    "status": ("flows.cli.status:status", "Show what is published, how fresh it is, how the last runs ended."),
}
"""Where each command lies, and its line in the list."""

USAGE = {"study": {"usage": "Usage: reaction study (--prices PATH | --source NAME) --events PATH [OPTIONS]"}}
"""Usage lines that read better than the ones made from the parameters' types."""


def build_app(called: str | None = None) -> App:
    """Return the application; the command that is called shows its own help, the others their line in the list.

    Importing every command to list them would take longer than everything else that help does.
    """
    app = App(
        name="reaction",
        help="Which event moved which security, by how much, on what day, how sure are we, and what was it in money?",
        version=_version,
        help_format="markdown" if called in COMMANDS else "plaintext",
        default_parameter=Parameter(negative_iterable=(), show_default=_shown_default),
    )
    for name, (path, line) in COMMANDS.items():
        if name == called:
            app.command(path, name=name, **USAGE.get(name, {}))
        else:
            app.command(path, name=name, help=line)
    return app


def _shown_default(value: object) -> str | None:
    """Return a default as it would be typed; an option that is off, or repeats from nothing, has none to show."""
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or None
    return None if value is None or value is False else str(value)


def main(arguments: list[str] | None = None) -> None:
    """Run one command; exit 0 if all is well, 1 if it failed or a gate is closed, 2 if it was called wrongly."""
    from pipelines.errors import ReactionError

    given = sys.argv[1:] if arguments is None else arguments
    try:
        build_app(given[0] if given else None)(given, exit_on_error=False, print_error=True)
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
