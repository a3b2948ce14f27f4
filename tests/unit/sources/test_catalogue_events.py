"""The event catalogue's files: what they may hold, and what is said about a field that does not fit."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipelines.contracts import CATALOGUE_EVENTS
from pipelines.errors import CatalogueError
from pipelines.sources.batch import content_hash
from pipelines.sources.catalogue_events import Event, catalogue_files, check_events, fetch, load_events

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
GOOD = """\
- id: foo
  title: "A model is released"
  occurred_at: "2025-01-20T12:19:44Z"
  precision: minute
  kind: news
  theme: efficiency_breakthrough
  tickers:
    - {ticker: NVDA, sign: "-"}
    - {ticker: 000660.KS, sign: "?"}
  urls:
    - https://example.org/a
    - https://example.org/b
  verified: "yes"
  first_session_us: "2025-01-21"
  note: "A holiday."
"""
DAY = """\
- id: bar
  title: A rule
  occurred_at: "2025-01-13T00:00:00Z"
  precision: day
  available_at: "2025-01-13T05:00:00Z"
  available_by: "2025-01-13T14:30:00Z"
  kind: news
  theme: regulation
  tickers: [{ticker: NVDA, sign: "-"}]
"""
OUTCOME = """\
- id: fall
  title: A fall
  occurred_at: "2025-01-27T21:00:00Z"
  precision: minute
  event_date: "2025-01-27"
  kind: outcome
  theme: efficiency_breakthrough
  tickers: [{ticker: NVDA, sign: "-"}]
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes an event file and returns its path."""

    def write_file(text: str, name: str = "my.yaml") -> Path:
        path = tmp_path / "events" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def only(path: Path) -> Event:
    """Read the one event of a file."""
    (event,) = load_events([path])
    return event


def without(text: str, field: str) -> str:
    """Return the event without the line of a field."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(f"  {field}:"))


def replaced(text: str, field: str, value: str) -> str:
    """Return the event with another value of a field, written as it stands here."""
    changed = re.sub(rf"(?m)^(- | {{2}}){field}:.*$", lambda found: f"{found[1]}{field}: {value}", text)
    assert changed != text
    return changed


def test_an_event_keeps_every_field_of_its_file(write: Write) -> None:
    """Instants become UTC, dates dates, and texts stay as written."""
    event = only(write(GOOD))
    assert event.id == "foo"
    assert event.occurred_at == datetime(2025, 1, 20, 12, 19, 44, tzinfo=UTC)
    assert [(ticker.ticker, ticker.sign) for ticker in event.tickers] == [("NVDA", "-"), ("000660.KS", "?")]
    assert event.first_session_us == date(2025, 1, 21)
    assert (event.verified, event.note) == ("yes", "A holiday.")


def test_without_bounds_an_event_is_public_when_it_happens(write: Write) -> None:
    """available_at stands for occurred_at, and available_by for available_at, where they are left out."""
    event = only(write(GOOD))
    assert event.public_from == event.public_by == event.occurred_at
    later = only(write(replaced(GOOD, "precision", 'minute\n  available_at: "2025-01-23T01:00:00Z"')))
    assert later.public_from == later.public_by == datetime(2025, 1, 23, 1, tzinfo=UTC)


def test_a_day_precise_event_is_public_within_its_window(write: Write) -> None:
    """Both ends of the window are kept; the clock part of occurred_at means nothing."""
    event = only(write(DAY))
    assert event.public_from == datetime(2025, 1, 13, 5, tzinfo=UTC)
    assert event.public_by == datetime(2025, 1, 13, 14, 30, tzinfo=UTC)


def test_an_offset_is_turned_into_utc(write: Write) -> None:
    """07:19:44-05:00 is 12:19:44Z."""
    event = only(write(replaced(GOOD, "occurred_at", '"2025-01-20T07:19:44-05:00"')))
    assert event.occurred_at.isoformat() == "2025-01-20T12:19:44+00:00"


@pytest.mark.parametrize("stamp", ["2025-01-20T12:19:44Z", "2025-01-20 12:19:44+00:00"])
def test_an_unquoted_instant_with_a_zone_is_accepted(write: Write, stamp: str) -> None:
    """YAML's own timestamps are read by the same rule as quoted ones."""
    assert only(write(replaced(GOOD, "occurred_at", stamp))).occurred_at == datetime(
        2025, 1, 20, 12, 19, 44, tzinfo=UTC
    )


def test_words_that_yaml_takes_for_booleans_stay_text(write: Write) -> None:
    """The tickers ON and NO, and an unquoted `no`, are text."""
    text = replaced(DAY, "tickers", '[{ticker: ON, sign: +}, {ticker: NO, sign: "-"}]')
    event = only(write(f"{text}  verified: no\n"))
    assert [ticker.ticker for ticker in event.tickers] == ["ON", "NO"]
    assert event.verified == "no"


def test_an_empty_optional_field_is_left_out(write: Write) -> None:
    """`note:` with nothing behind it is no note."""
    assert only(write(replaced(GOOD, "note", ""))).note is None


def test_any_printable_title_is_kept_as_it_is(write: Write) -> None:
    """Letters of any script, quotes and markup stay raw; whoever shows a title escapes it."""
    title = "Škoda <b>&amp;</b> 'x'; drop table — 深度求索 100 %"
    assert only(write(replaced(GOOD, "title", json.dumps(title, ensure_ascii=False)))).title == title


def test_each_file_is_one_batch(write: Write) -> None:
    """The batch is named after the file and holds the contract's columns except batch_id."""
    first, second = write(GOOD, "a.yaml"), write(DAY + OUTCOME, "b.yaml")
    batches = fetch([second, first], NOW)
    assert [(batch.source, batch.object) for batch in batches] == [("catalogue_events", "a"), ("catalogue_events", "b")]
    assert [batch.url for batch in batches] == [first.as_uri(), second.as_uri()]
    assert {batch.fetched_at for batch in batches} == {NOW}
    columns = {column.name: column.polars for column in CATALOGUE_EVENTS.columns if column.name != "batch_id"}
    assert all(dict(batch.frame.schema) == columns for batch in batches)
    assert batches[1].frame["row_number"].to_list() == [0, 1]


def test_a_batch_holds_what_the_file_says(write: Write) -> None:
    """Instants, the first address and the tickers as JSON; left-out instants hold what they mean."""
    rows = fetch([write(GOOD + OUTCOME)], NOW)[0].frame.rows(named=True)
    assert rows[0]["event_id"] == "foo"
    assert rows[0]["available_at"] == rows[0]["available_by"] == rows[0]["occurred_at"]
    assert rows[0]["url"] == "https://example.org/a"
    assert json.loads(rows[0]["tickers"]) == [{"ticker": "NVDA", "sign": "-"}, {"ticker": "000660.KS", "sign": "?"}]
    assert rows[0]["event_date"] is None
    assert (rows[1]["event_date"], rows[1]["url"]) == (date(2025, 1, 27), None)


def test_a_remark_in_the_file_does_not_make_a_new_version(write: Write) -> None:
    """Only a change of content changes the hash."""
    before = fetch([write(GOOD)], NOW)[0]
    after = fetch([write(f"# a remark\n\n{GOOD}")], NOW)[0]
    changed = fetch([write(GOOD.replace("released", "withdrawn"))], NOW)[0]
    assert content_hash(before.frame) == content_hash(after.frame) != content_hash(changed.frame)


def test_the_shipped_files_are_found_by_name(root: Path, tmp_path: Path) -> None:
    """Every YAML file of the folder counts; a folder without any is an error."""
    files = catalogue_files(root / "sql" / "seeds")
    assert files == sorted(files)
    assert {"market_shocks.yaml", "earnings.yaml"} <= {path.name for path in files}
    with pytest.raises(CatalogueError, match=r"expected event files \(\*.yaml\) in .*, got none"):
        catalogue_files(tmp_path)


BAD_FIELDS = [
    ("occurred_at", "'2025-01-20T12:19:44'", "an instant with a zone such as .*, got '2025-01-20T12:19:44'"),
    ("occurred_at", "2025-01-20 12:19:44", "an instant with a zone .*, got '2025-01-20 12:19:44'"),
    ("occurred_at", "2025-01-20", "an instant with a zone .*, got '2025-01-20'"),
    ("occurred_at", "'2025-02-30T12:00:00Z'", "an instant with a zone .*, got '2025-02-30T12:00:00Z'"),
    ("occurred_at", "2025-02-30T12:00:00Z", "an instant with a zone .*, got '2025-02-30T12:00:00Z'"),
    ("occurred_at", "'0205-01-20T12:19:44Z'", "an instant with a zone .*, got '0205-01-20T12:19:44Z'"),
    ("occurred_at", "'٢025-01-20T12:19:44Z'", "an instant with a zone"),
    ("occurred_at", "yesterday", "an instant with a zone .*, got 'yesterday'"),
    ("occurred_at", "", "an instant with a zone .*, got nothing"),
    ("id", "Foo Bar", "lower-case letters, digits and hyphens .*, got 'Foo Bar'"),
    ("id", '"foo\\x1b[31m"', r"lower-case letters, digits and hyphens .*, got 'foo\\x1b\[31m'"),
    ("title", '"red \\x1b[31m"', r"one line of printable text, got 'red \\x1b\[31m'"),
    ("title", '"two\\nlines"', r"one line of printable text, got 'two\\nlines'"),
    ("title", '"turned \\u202e round"', r"one line of printable text, got 'turned \\u202e round'"),
    ("title", '"  "', "one line of printable text, got '  '"),
    ("title", "", "one line of printable text, got nothing"),
    ("title", "[a, b]", r"one line of printable text, got \['a', 'b'\]"),
    ("precision", "second", "one of minute, hour, day, got 'second'"),
    ("kind", "rumour", "one of news, outcome, corporate_action, got 'rumour'"),
    ("theme", "weather", "one of architectural_innovation, .*, macro, got 'weather'"),
    ("verified", "maybe", "one of yes, partial, no, got 'maybe'"),
    ("first_session_us", "'2025-02-29'", "a date such as 2025-01-27, got '2025-02-29'"),
    ("first_session_us", "21.01.2025", r"a date such as 2025-01-27, got '21\.01\.2025'"),
    ("note", '"\\0"', r"one line of printable text, got '\\x00'"),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD_FIELDS)
def test_a_bad_field_is_named_with_what_was_expected_and_got(
    write: Write, field: str, value: str, message: str
) -> None:
    """The message names file, event, field, what was expected, and what stands there."""
    event = "event 1 \\(line 1\\)" if field == "id" else "event 'foo'"
    with pytest.raises(CatalogueError, match=rf"events/my\.yaml: {event}: {field}: expected {message}"):
        load_events([write(replaced(GOOD, field, value))])


@pytest.mark.parametrize("field", ["title", "occurred_at", "precision", "kind"])
def test_a_missing_field_is_named(write: Write, field: str) -> None:
    """A field that every event needs, and that is not there, got nothing."""
    with pytest.raises(CatalogueError, match=rf"event 'foo': {field}: expected .*, got nothing"):
        load_events([write(without(GOOD, field))])


def test_an_event_without_an_id_is_named_by_its_place(write: Write) -> None:
    """Number and line find the event."""
    nameless = DAY.replace("- id: bar\n  title", "- title")
    with pytest.raises(CatalogueError, match=r"event 2 \(line 16\): id: expected lower-case letters.*, got nothing"):
        load_events([write(GOOD + nameless)])


def test_an_unknown_field_is_refused(write: Write) -> None:
    """A misspelt field would otherwise be lost in silence."""
    with pytest.raises(
        CatalogueError, match=r"event 'foo': ocurred_at: expected only the fields id, title, .*note, got"
    ):
        load_events([write(f"{GOOD}  ocurred_at: x\n")])


def test_an_unknown_field_with_control_characters_is_shown_escaped(write: Write) -> None:
    """A file cannot colour the terminal of whoever checks it."""
    (problem,) = check_events([write(GOOD + '  "\\x1b[31m": x\n')])
    assert "\x1b" not in problem
    assert "\\x1b[31m" in problem


def test_a_bad_ticker_is_named_by_its_place(write: Write) -> None:
    """The message counts the entries of a list from 1."""
    text = replaced(DAY, "tickers", '[{ticker: NVDA, sign: "-"}, {ticker: AMD, sign: up}]')
    with pytest.raises(CatalogueError, match=r"event 'bar': tickers, entry 2, sign: expected one of .*, got 'up'"):
        load_events([write(text)])


CONTRADICTIONS = {
    "day precision needs the end of its window": (
        without(DAY, "available_by"),
        "'bar': available_by: expected the instant by which it was surely public, since precision is day, got nothing",
    ),
    "available_by cannot come before available_at": (
        replaced(DAY, "available_by", '"2025-01-12T14:30:00Z"'),
        r"'bar': available_by: expected an instant not before available_at \(2025-01-13T05:00:00Z\), got '2025-01-12T",
    ),
    "a window of more than a week is a slip": (
        replaced(DAY, "available_by", '"2026-01-13T14:30:00Z"'),
        "'bar': available_by: expected an instant at most 7 days after available_at",
    ),
    "news cannot be read before it happens": (
        replaced(GOOD, "precision", 'minute\n  available_at: "2025-01-19T12:00:00Z"'),
        r"'foo': available_at: expected an instant not before occurred_at \(2025-01-20T12:19:44Z\): news is not read",
    ),
    "an outcome needs its session": (
        without(OUTCOME, "event_date"),
        "'fall': event_date: expected the session it happened in, since kind is outcome, got nothing",
    ),
    "the session of an outcome lies by its instant": (
        replaced(OUTCOME, "event_date", "2024-01-27"),
        r"'fall': event_date: expected a date within a day of occurred_at \(2025-01-27T21:00:00Z\), got '2024-01-27'",
    ),
    "only an outcome has an event_date": (
        replaced(GOOD, "precision", 'minute\n  event_date: "2025-01-21"'),
        "'foo': event_date: expected no event_date, since kind is news: only an outcome names its session, got '2025",
    ),
}


@pytest.mark.parametrize(("text", "message"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_fields_that_contradict_each_other_are_named(write: Write, text: str, message: str) -> None:
    """The message names the field to change and the one that it contradicts."""
    with pytest.raises(CatalogueError, match=rf"events/my\.yaml: event {message}"):
        load_events([write(text)])


def test_an_id_stands_once_in_a_file(write: Write) -> None:
    """The second event of that id is the mistake."""
    with pytest.raises(
        CatalogueError, match=r"event 'foo': id: expected an id of its own, got 'foo', which .*my\.yaml"
    ):
        load_events([write(GOOD + GOOD)])


def test_an_id_stands_once_across_files(write: Write) -> None:
    """The message names the file that holds the id already."""
    files = [write(GOOD, "b.yaml"), write(GOOD, "a.yaml")]
    with pytest.raises(CatalogueError, match=r"b\.yaml: event 'foo': id: .* which .*a\.yaml holds already"):
        load_events(files)


def test_two_files_of_one_name_are_refused(write: Write, tmp_path: Path) -> None:
    """A batch is named after its file, so one would pass for a new version of the other."""
    other = tmp_path / "my.yaml"
    other.write_text(DAY)
    with pytest.raises(CatalogueError, match=r"my\.yaml: expected a file name of its own, got 'my' as .* has; rename"):
        load_events([write(GOOD), other])


FILES = [
    ("", "expected a list of entries that start with `- `, got an empty file"),
    ("# only a remark\n", "got an empty file"),
    ("[]\n", "got an empty file"),
    ("id: foo\n", "line 1: expected a list of entries that start with `- `, got a mapping"),
    ("just text\n", "line 1: expected a list of entries .*, got the text 'just text'"),
    ("- just text\n", r"event 1 \(line 1\): expected the fields of an event, got 'just text'"),
    (f"{GOOD}  bad: [1\n", "line 1[67]: expected YAML, got a mistake"),
    (DAY.replace('sign: "-"}]', "sign: -\n"), "line 1?[0-9]: expected YAML, got a mistake"),
    ("- id: foo\n  sign: -\n", r'line 2: expected YAML, got a mistake: .*\(a sign is written "-"\)'),
    ("- id: foo\n  sign: ?\n", r"line 2: expected YAML, got a mistake: .*put quotes around text"),
    (
        "- id: foo\n  note: `published` is submission\n",
        "line 2: expected YAML, got a mistake: .*put quotes around text",
    ),
    ("- id: foo\n  title: \x1b[31m\n", "line 2: expected printable text, got the character "),
]


@pytest.mark.parametrize(("text", "message"), FILES, ids=range(len(FILES)))
def test_a_file_that_is_no_list_of_events_is_refused(write: Write, text: str, message: str) -> None:
    """The message gives the line and says what to do."""
    with pytest.raises(CatalogueError, match=rf"events/my\.yaml: .*{message}"):
        load_events([write(text)])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A wrong path is a mistake in the list of files, not a traceback."""
    with pytest.raises(CatalogueError, match=r"none\.yaml: expected a file that can be read, got: No such file"):
        load_events([tmp_path / "none.yaml"])


def test_another_encoding_is_named(tmp_path: Path) -> None:
    """Latin-1 is not read as if it were UTF-8."""
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"- id: foo\n  title: caf\xe9\n")
    with pytest.raises(CatalogueError, match=r"latin\.yaml: expected UTF-8 text, got another encoding \(byte 22\)"):
        load_events([path])


def test_every_mistake_of_every_file_is_reported_at_once(write: Write) -> None:
    """One run shows all there is to mend, sorted by file."""
    text = replaced(replaced(replaced(GOOD, "occurred_at", "x"), "kind", "y"), "title", "") + without(
        DAY, "available_by"
    )
    files = [write(text, "b.yaml"), write("", "a.yaml"), write(OUTCOME, "c.yaml")]
    problems = check_events(files)
    assert [re.sub(r"^.*/events/", "", problem).partition(" expected")[0] for problem in problems] == [
        "a.yaml:",
        "b.yaml: event 'foo': title:",
        "b.yaml: event 'foo': kind:",
        "b.yaml: event 'foo': occurred_at:",
        "b.yaml: event 'bar': available_by:",
    ]
    with pytest.raises(CatalogueError, match="the event files hold 5 mistakes; correct and run again") as raised:
        fetch(files, NOW)
    assert all(problem in str(raised.value) for problem in problems)


def test_messages_are_our_own(write: Write) -> None:
    """Nothing of the validating library shows: no address of its manual, no name of its types."""
    text = "".join(replaced(GOOD, field, value) for field, value, _ in BAD_FIELDS)
    said = "\n".join(check_events([write(text)]))
    assert not re.search(r"pydantic|validation error|Value error|Input should|type=", said)


def test_sound_files_have_no_problems(write: Write) -> None:
    """Checking sound files says nothing."""
    assert check_events([write(GOOD + DAY + OUTCOME)]) == []
    assert check_events([]) == []
