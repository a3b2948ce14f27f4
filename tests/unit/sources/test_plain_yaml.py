"""The part of YAML that data files use, with either parser that PyYAML may bring."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipelines.sources import plain_yaml
from pipelines.sources.plain_yaml import Entry, PlainYamlError, read_list


@pytest.fixture(params=["CBaseLoader", "BaseLoader"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test with the parser in C and with the one in Python."""
    if not hasattr(yaml, request.param):
        pytest.skip("this PyYAML was built without libyaml")
    monkeypatch.setattr(plain_yaml, "_LOADER", getattr(yaml, request.param))


def read(tmp_path: Path, text: str) -> list[Entry]:
    """Read a file that holds this text."""
    path = tmp_path / "list.yaml"
    path.write_text(text, encoding="utf-8")
    return read_list(path)


def test_scalars_stay_text(tmp_path: Path) -> None:
    """Numbers, dates, booleans and tags are not interpreted; only empty, ~ and null mean nothing."""
    text = "- {a: 1.0, b: 2025-01-20, c: yes, d: 0x10, e: !!int 7, f: '', g: ~, h: null, i: 'null'}\n- [x, {y: }]\n"
    assert read(tmp_path, text) == [
        Entry(
            1,
            {
                "a": "1.0",
                "b": "2025-01-20",
                "c": "yes",
                "d": "0x10",
                "e": "7",
                "f": "",
                "g": None,
                "h": None,
                "i": "null",
            },
        ),
        Entry(2, ["x", {"y": None}]),
    ]


def test_entries_know_their_line(tmp_path: Path) -> None:
    """Remarks and blank lines count."""
    assert [entry.line for entry in read(tmp_path, "# remark\n\n- a: 1\n\n- b: 2\n")] == [3, 5]


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    """Files saved by Windows editors read like others."""
    assert read(tmp_path, "\ufeff- a\n") == [Entry(1, "a")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a: 1\n- b: \x1b[31m\n", r"^line 2: expected printable text, got the character '\\x1b'$"),
        ("- ööööööööööööööööö: 1\n- b: ä\x00\n- c\n", r"^line 2: expected printable text, got the character '\\x00'$"),
        ("- a: 1\n- b: -\n", "^line 2: expected YAML, got a mistake: .*put quotes around"),
        ("- a: 1\n   b: 2\n", "^line 2: expected YAML, got a mistake"),
        ("- 'open\n", "^line [12]: expected YAML, got a mistake"),
        ("\t- a\n", "^line 1: expected YAML, got a mistake"),
        ("- a: 1\n- " + "[" * 100_000 + "]" * 100_000, "^line 2: expected at most 10 levels of nesting, got more$"),
        ("- a: 1\n- a: x\n  b: y\n  a: z\n", "^line 4: expected each field once, got 'a' twice; keep one of them$"),
        ("- a: 1\n---\n- b: 2\n", "^line 2: expected one list in the file, got a second document"),
        ("- a: &x 1\n- *x\n", "^line 1: expected plain values, got an anchor or alias"),
        ("- *x\n", "^line 1: expected plain values, got an anchor or alias"),
        ("- &x a\n", "^line 1: expected plain values, got an anchor or alias"),
        ("- {? [a, b] : c}\n", "^line 1: expected the name of a field, got a list$"),
        ("- {~ : c}\n", "^line 1: expected the name of a field, got nothing$"),
    ],
    ids=range(14),
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    """Either parser leads to the same message."""
    with pytest.raises(PlainYamlError, match=message):
        read(tmp_path, text)
