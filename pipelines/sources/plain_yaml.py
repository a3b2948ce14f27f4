"""The part of YAML that a data file needs: lists, mappings and text.

Every scalar stays the text that stands in the file. So a ticker ``ON`` or ``NO`` is not read as a boolean, a date that
does not exist reaches the check that can name its field, and an instant keeps its zone as written. Keys that stand
twice, anchors, aliases and deep nesting are refused: they hide mistakes here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_DEEPEST = 10
# What YAML does not allow in a file; looked for here because its two parsers count differently to the place.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EMPTY = {"", "~", "null"}
_HINT = 'put quotes around text that holds ": " or starts with one of - ? ` @ % & * ! | > { [ (a sign is written "-")'


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of the file's list and the line it starts on, counted from 1."""

    line: int
    value: Plain


class PlainYamlError(Exception):
    """A file is not a YAML list; the message says on which line and why."""


def read_list(path: Path) -> list[Entry]:
    """Read a file that is one YAML list.

    Parameters
    ----------
    path : pathlib.Path
        The file, in UTF-8.

    Returns
    -------
    list of Entry
        Its items in the order of the file; an empty value is None.

    Raises
    ------
    PlainYamlError
        If it cannot be read, is not YAML, is not a list, or has no item.
    """
    text = _text(path)
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        line = text.count("\n", 0, unprintable.start()) + 1
        raise PlainYamlError(f"line {line}: expected printable text, got the character {unprintable[0]!a}")
    try:
        entries = _entries(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}: " if mark else ""
        raise PlainYamlError(f"{place}expected YAML, got a mistake: {error.problem}; {_HINT}") from error
    if not entries:
        raise PlainYamlError("expected a list of entries that start with `- `, got an empty file")
    return entries


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise PlainYamlError(f"expected a file that can be read, got: {error.strerror}; check the path") from error
    except UnicodeDecodeError as error:
        raise PlainYamlError(f"expected UTF-8 text, got another encoding (byte {error.start}); save it so") from error


def _entries(events: Iterator[yaml.Event]) -> list[Entry]:
    """Read the items of the only document, which must be a list."""
    entries: list[Entry] = []
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            break
    else:
        return entries
    top = next(events)
    if isinstance(top, yaml.ScalarEvent) and _is_empty(top):
        return entries
    if not isinstance(top, yaml.SequenceStartEvent):
        raise PlainYamlError(f"line {_line(top)}: expected a list of entries that start with `- `, got {_kind(top)}")
    for event in events:
        if isinstance(event, yaml.SequenceEndEvent):
            break
        entries.append(Entry(_line(event), _value(event, events, 1)))
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            raise PlainYamlError(f"line {_line(event)}: expected one list in the file, got a second document (`---`)")
    return entries


def _value(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Plain:
    """Read the value that starts with this event."""
    if depth > _DEEPEST:
        raise PlainYamlError(f"line {_line(event)}: expected at most {_DEEPEST} levels of nesting, got more")
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise PlainYamlError(f"line {_line(event)}: expected plain values, got an anchor or alias; {_HINT}")
    if isinstance(event, yaml.ScalarEvent):
        return None if _is_empty(event) else str(event.value)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Plain] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(_value(event, events, depth + 1))
        return items
    mapping: dict[str, Plain] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _value(event, events, depth + 1)
        if not isinstance(key, str):
            raise PlainYamlError(f"line {_line(event)}: expected the name of a field, got {_kind(event)}")
        if key in mapping:
            raise PlainYamlError(f"line {_line(event)}: expected each field once, got {key!r} twice; keep one of them")
        mapping[key] = _value(next(events), events, depth + 1)
    return mapping


def _is_empty(event: yaml.ScalarEvent) -> bool:
    return not event.style and event.value in _EMPTY


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _kind(event: yaml.Event) -> str:
    if isinstance(event, yaml.ScalarEvent):
        return "nothing" if _is_empty(event) else f"the text {event.value[:40]!r}"
    return "a mapping" if isinstance(event, yaml.MappingStartEvent) else "a list"
