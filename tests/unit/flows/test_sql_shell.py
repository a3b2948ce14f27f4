"""The prompt: what it completes, when a query is complete, what it keeps, and what it does with what is typed."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from flows.cli.sql_shell import HISTORY_FILE, Shell, Words, is_complete, open_history, prompt_session, talk

WORDS = [
    ("fct_returns", "table"),
    ("fct_event_cars", "table"),
    ("car", "column"),
    ("event_study(", "macro"),
    ("from", "keyword"),
    ("floor(", "function"),
]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """Return a prompt on a small published file with a macro."""
    file = tmp_path / "marts.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table fct_small as select range as x from range(3)")
        connection.execute("create macro twice(x) as 2 * x")
    opened = Shell(file, timeout_seconds=30)
    yield opened
    opened.close()


def completions(text: str) -> list[str]:
    """Return what a text before the cursor may become."""
    return [
        item.text for item in Words(WORDS).get_completions(Document(text), CompleteEvent(completion_requested=True))
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("select * from fct", ["fct_event_cars", "fct_returns"]),
        ("select c", ["car"]),
        ("SELECT EV", ["event_study("]),
        ("select 1 f", ["fct_event_cars", "fct_returns", "from", "floor("]),
        (".des", [".describe"]),
        (".describe fct_r", ["fct_returns"]),
        (".describe event", ["event_study"]),
        (".example deepseek_by", ["deepseek_by_theme"]),
        ("select zzz", []),
    ],
)
def test_a_word_is_completed(text: str, found: list[str]) -> None:
    """Tables come first, then columns, macros, keywords and functions; commands complete their names."""
    assert completions(text) == found


def test_the_words_are_those_of_the_published_file(shell: Shell) -> None:
    """Tables, columns and macros of the file, DuckDB's keywords and functions."""
    words = dict(shell.words())
    assert {name: words[name] for name in ("fct_small", "x", "twice(", "select", "median(")} == {
        "fct_small": "table",
        "x": "column",
        "twice(": "macro",
        "select": "keyword",
        "median(": "function",
    }


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("select 1;", True),
        ("select 1", False),
        ("select ';'", False),
        ("select 1 -- ;", False),
        ("select /* ; */ 1\n;", True),
        ("  ", True),
        (".tables", True),
    ],
)
def test_a_query_is_complete_at_a_semicolon_of_its_own(text: str, complete: bool) -> None:
    """One in a text or a remark does not count."""
    assert is_complete(text) is complete


def test_the_history_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    """Nobody else can read what was asked, even where the file was open before."""
    (tmp_path / HISTORY_FILE).touch(mode=0o644)
    history = open_history(tmp_path)
    history.append_string("select 1;")
    assert stat.S_IMODE((tmp_path / HISTORY_FILE).stat().st_mode) == 0o600
    assert list(open_history(tmp_path).load_history_strings()) == ["select 1;"]


def test_a_history_that_cannot_be_kept_is_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said, and the prompt works; a link to somewhere else is not followed."""
    (tmp_path / HISTORY_FILE).symlink_to(tmp_path / "elsewhere")
    assert isinstance(open_history(tmp_path), InMemoryHistory)
    assert "no history is kept" in capsys.readouterr().err
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (".help", ".describe NAME"),
        (".tables", "fct_event_cars"),
        (".describe fct_returns", "simple_return"),
        (".examples", "deepseek_by_theme"),
        ("select twice(21) as answer;", "42"),
        (";", ""),
    ],
)
def test_what_is_typed_is_done(shell: Shell, capsys: pytest.CaptureFixture[str], typed: str, shown: str) -> None:
    """Queries and commands print, and the prompt goes on."""
    assert shell.handle(typed)
    captured = capsys.readouterr()
    assert shown in captured.out
    assert captured.err == ""


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        (".describe fct_return", "did you mean fct_returns?"),
        (".nonsense", "expected one of .tables"),
        (".describe", "expected one of .tables"),
        ("select * from nowhere;", "Table with name nowhere does not exist"),
        ("select error(chr(27) || '[31m');", "[31m"),
    ],
)
def test_a_mistake_is_told_and_the_prompt_stays(
    shell: Shell, capsys: pytest.CaptureFixture[str], typed: str, error: str
) -> None:
    """An error is a line, without anything that steers the terminal."""
    assert shell.handle(typed)
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert error in told
    assert "\x1b" not in told


def test_a_session_by_the_keyboard(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """Enter goes on with the next line until the semicolon; Ctrl-C clears a line; .quit leaves."""
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        history = InMemoryHistory()
        session = prompt_session(shell.words(), history)
        keys.send_text("select 40\r + 2 as answer;\r")
        keys.send_text("select nonsense\x03")
        keys.send_text(".quit\r")
        talk(session, shell)
    captured = capsys.readouterr()
    assert "42" in captured.out
    assert captured.err == ""
    assert history.get_strings() == ["select 40\n + 2 as answer;", ".quit"]
