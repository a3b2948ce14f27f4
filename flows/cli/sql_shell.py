"""The prompt of ``reaction sql --shell``: completion, history, queries of several lines, each in a sandbox."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import SqlLexer

from flows.cli import sql_catalogue
from flows.cli.output import plain
from flows.cli.pager import show
from flows.cli.sql import print_answer
from pipelines.errors import ConfigurationError, ReactionError
from pipelines.home import find_home
from warehouse.query import run_query
from warehouse.sandbox import MEMORY_MB, Sandbox

HISTORY_FILE = "sql_history"
PROMPT, CONTINUED = "reaction> ", "     ...> "

HELP = """\
 a select that ends with ;   runs it; it can go over several lines
 .tables                     tables and macros
 .describe NAME              columns of a table, arguments of a macro
 .examples                   queries that ship
 .example NAME               shows one and runs it
 .help                       this
 .quit, or Ctrl-D            leaves; Ctrl-C clears the line, and stops a query that runs\
"""

COMMANDS = (".tables", ".describe", ".examples", ".example", ".help", ".quit")

_WORDS = """
select distinct lower(keyword_name), 'keyword' from duckdb_keywords()
union all select table_name, 'table' from duckdb_tables() where not internal
union all select distinct column_name, 'column' from duckdb_columns() where not internal
union all select distinct function_name || '(', 'macro' from duckdb_functions() where not internal
union all select distinct function_name || '(', 'function' from duckdb_functions()
where internal and function_type in ('scalar', 'aggregate') and regexp_full_match(function_name, '[a-z]\\w*')
"""


class Words(Completer):
    """Complete names of tables, columns, macros and functions, keywords, and the prompt's own commands."""

    order = ("table", "column", "macro", "keyword", "function")

    def __init__(self, words: Iterable[tuple[str, str]]) -> None:
        found = [(word, kind) for word, kind in words if kind in self.order]
        self._words = sorted(found, key=lambda item: (self.order.index(item[1]), item[0]))

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Yield what the word before the cursor may become."""
        line = document.text_before_cursor.lstrip()
        if line.startswith("."):
            yield from self._after_a_dot(line)
            return
        word = document.get_word_before_cursor(WORD=False).lower()
        if not word and not complete_event.completion_requested:
            return
        for name, kind in self._words:
            if name.startswith(word):
                yield Completion(name, start_position=-len(word), display_meta=kind)

    def _after_a_dot(self, line: str) -> Iterator[Completion]:
        command, blank, word = line.partition(" ")
        if not blank:
            names: Iterable[str] = [name for name in COMMANDS if name.startswith(command)]
            word = command
        elif command == ".example":
            names = [record["name"] for record in sql_catalogue.example_records()]
        else:
            names = [name.rstrip("(") for name, kind in self._words if kind in {"table", "macro"}]
        yield from (Completion(name, start_position=-len(word)) for name in names if name.startswith(word.strip()))


class Shell:
    """What the prompt does with what is typed; each query runs in a sandbox of its own.

    The next sandbox starts while the next query is being typed, so that a query does not wait for it.
    """

    def __init__(self, marts_file: Path, *, timeout_seconds: float = 60.0, memory_mb: int = MEMORY_MB) -> None:
        self._marts_file = marts_file
        self._timeout = timeout_seconds
        self._memory_mb = memory_mb
        self._next = self._sandbox()

    def _sandbox(self) -> Sandbox:
        return Sandbox(self._marts_file, timeout_seconds=self._timeout, memory_mb=self._memory_mb)

    def close(self) -> None:
        """End the sandbox that waits."""
        self._next.kill()

    def words(self) -> list[tuple[str, str]]:
        """Return what can be completed, each word with its kind."""
        return [(str(word), str(kind)) for word, kind in run_query(self._marts_file, _WORDS).rows]

    def handle(self, text: str) -> bool:
        """Do what was typed; return whether to go on."""
        typed = text.strip()
        if not typed.strip(";"):
            return True
        try:
            if typed.startswith("."):
                return self._command(*(typed.rstrip(";").split(maxsplit=1)))
            self._query(typed)
        except ReactionError as error:
            print(f"error: {_lines(str(error))}", file=sys.stderr)
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
        return True

    def _query(self, text: str) -> None:
        sandbox, self._next = self._next, self._sandbox()
        with sandbox:
            print_answer(sandbox, text)

    def _command(self, command: str, argument: str = "") -> bool:
        if command in {".quit", ".exit", ".q"}:
            return False
        if command == ".tables":
            sql_catalogue.print_catalogue()
        elif command == ".describe" and argument:
            sql_catalogue.print_catalogue(argument)
        elif command == ".examples":
            sql_catalogue.print_catalogue(examples=True)
        elif command == ".example" and argument:
            text = sql_catalogue.example_text(argument)
            show(text.splitlines())
            self._query(text)
        elif command == ".help":
            print(HELP)
        else:
            raise ConfigurationError(
                f"expected one of {', '.join(COMMANDS)}, got {plain(f'{command} {argument}').strip()}"
            )
        return True


def run_shell(marts_file: Path, *, timeout_seconds: float = 60.0, memory_mb: int = MEMORY_MB) -> None:
    """Open the prompt and stay until it is left.

    Raises
    ------
    ConfigurationError
        If there is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigurationError("--shell needs a terminal; pipe a query into `reaction sql` instead")
    shell = Shell(marts_file, timeout_seconds=timeout_seconds, memory_mb=memory_mb)
    print(f"{marts_file}: read-only; .help says what can be typed")
    try:
        talk(prompt_session(shell.words(), open_history(find_home())), shell)
    finally:
        shell.close()


def talk(session: PromptSession[str], shell: Shell) -> None:
    """Read and do until the end."""
    while True:
        try:
            if not shell.handle(session.prompt(PROMPT)):
                return
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def prompt_session(words: Iterable[tuple[str, str]], history: History) -> PromptSession[str]:
    """Return a prompt that takes lines until a query is complete."""
    session: PromptSession[str] = PromptSession(
        history=history,
        completer=Words(words),
        complete_while_typing=False,
        lexer=PygmentsLexer(SqlLexer),
        multiline=Condition(lambda: not is_complete(session.default_buffer.text)),
        prompt_continuation=CONTINUED,
        key_bindings=_keys(),
        enable_history_search=True,
    )
    return session


def is_complete(text: str) -> bool:
    """Tell whether what was typed can be done: a command, nothing, or text that ends with a semicolon of its own."""
    typed = text.strip()
    return not typed or typed.startswith(".") or sqlite3.complete_statement(typed)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("c-c")
    def _clear(event: KeyPressEvent) -> None:
        """Leave what is typed and begin again."""
        event.app.exit(exception=KeyboardInterrupt())

    return keys


def open_history(home: Path) -> History:
    """Return the history kept in a file that nobody else can read; one in memory where the folder cannot be written."""
    file = home / HISTORY_FILE
    try:
        os.close(os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
        file.chmod(0o600)
    except OSError as error:
        print(f"no history is kept: {file}: {error.strerror}", file=sys.stderr)
        return InMemoryHistory()
    return FileHistory(file)


def _lines(text: str) -> str:
    """Keep an error's lines, and nothing in them that steers a terminal."""
    return "\n".join(plain(line) for line in text.splitlines())
