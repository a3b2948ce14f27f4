"""The folder of built calendars: what is read from it, what is built anew, and what it must never break."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from flows import calendar_cache
from flows.calendar_cache import KEPT, cached_sessions
from pipelines.errors import ConfigurationError
from pipelines.sessions import OVERRIDES, Calendars, build_sessions

START, END = date(2024, 1, 2), date(2024, 3, 28)
NONE = OVERRIDES.empty()


def closed(mic: str, day: date, reason: str = "a test") -> pl.DataFrame:
    """Return one correction: the exchange was closed on a day."""
    row = dict.fromkeys(OVERRIDES.names) | {
        "exchange_mic": mic,
        "session_date": day,
        "action": "closed",
        "reason": reason,
        "evidence": "a test",
    }
    return pl.DataFrame([row], schema=OVERRIDES.polars_schema)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of exchanges that were built since the test started."""
    names: list[str] = []

    def counting(mics: list[str], start: date, end: date, overrides: pl.DataFrame) -> Calendars:
        names.extend(mics)
        return build_sessions(mics, start, end, overrides)

    monkeypatch.setattr(calendar_cache, "build_sessions", counting)
    return names


def same(one: Calendars, other: Calendars) -> bool:
    """Tell whether two calendars are equal."""
    return one.sessions.equals(other.sessions) and one.warnings == other.warnings


def test_the_second_call_builds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was built once is read from the folder, equal to what `build_sessions` gives."""

    def fail(*_: object) -> Calendars:
        raise AssertionError("a calendar was built again")

    mics = ["XNYS", "24/7", "XNYS"]
    first = cached_sessions(tmp_path, mics, START, END, NONE)
    monkeypatch.setattr(calendar_cache, "build_sessions", fail)
    assert same(cached_sessions(tmp_path, mics, START, END, NONE), first)
    assert same(first, build_sessions(mics, START, END, NONE))


def test_warnings_are_kept(tmp_path: Path, built: list[str]) -> None:
    """A calendar that ends before the range does says so from the folder, too."""
    end = date(2200, 1, 1)
    first = cached_sessions(tmp_path, ["XSHG"], START, end, NONE)
    assert first.warnings
    assert same(cached_sessions(tmp_path, ["XSHG"], START, end, NONE), first)
    assert built == ["XSHG"]


def test_a_changed_correction_is_built_anew(tmp_path: Path, built: list[str]) -> None:
    """A correction changes the calendar of its exchange and leaves the file of the others."""
    day = date(2024, 2, 1)
    before = cached_sessions(tmp_path, ["XNYS", "24/7"], START, END, NONE)
    after = cached_sessions(tmp_path, ["XNYS", "24/7"], START, END, closed("XNYS", day))
    assert built == ["24/7", "XNYS", "XNYS"]
    gone = before.sessions.join(after.sessions, on=["exchange_mic", "session_date"], how="anti")
    assert gone.select("exchange_mic", "session_date").rows() == [("XNYS", day)]


def test_another_range_is_built_anew(tmp_path: Path, built: list[str]) -> None:
    """Another first or last day is another calendar, never a cut of a known one."""
    for start, end in [(START, END), (START, date(2024, 3, 27)), (date(2024, 1, 3), END), (START, END)]:
        calendars = cached_sessions(tmp_path, ["XNYS"], start, end, NONE)
        assert same(calendars, build_sessions(["XNYS"], start, end, NONE))
    assert built == ["XNYS"] * 3


@pytest.mark.parametrize("library", ["exchange-calendars", "market-reaction"])
def test_a_new_version_is_built_anew(
    tmp_path: Path, built: list[str], monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    """A new release of the calendars' library or of this project never meets an old file."""
    cached_sessions(tmp_path, ["24/7"], START, END, NONE)
    known = calendar_cache.version
    monkeypatch.setattr(calendar_cache, "version", lambda name: "99.0" if name == library else known(name))
    cached_sessions(tmp_path, ["24/7"], START, END, NONE)
    assert built == ["24/7"] * 2


def without_warnings(file: Path) -> None:
    """Write the sessions without the record of warnings."""
    pl.read_parquet(file).write_parquet(file)


def without_a_column(file: Path) -> None:
    """Write the file as if a former release had another contract."""
    pl.read_parquet(file).drop("session_index").write_parquet(file, metadata={"warnings": "[]"})


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"no parquet at all"),
        lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
        without_warnings,
        without_a_column,
    ],
    ids=["empty", "garbage", "half", "no-warnings", "other-columns"],
)
def test_a_damaged_file_is_built_again(tmp_path: Path, built: list[str], damage: Callable[[Path], object]) -> None:
    """A file that cannot be read is replaced by a sound one."""
    first = cached_sessions(tmp_path, ["XNYS"], START, END, NONE)
    (file,) = tmp_path.iterdir()
    damage(file)
    for _ in range(2):
        assert same(cached_sessions(tmp_path, ["XNYS"], START, END, NONE), first)
    assert built == ["XNYS"] * 2


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path, built: list[str]) -> None:
    """Where no folder can be made the calendars are built each time."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    for _ in range(2):
        calendars = cached_sessions(tmp_path / "file" / "calendars", ["XNYS"], START, END, NONE)
        assert same(calendars, build_sessions(["XNYS"], START, END, NONE))
    assert built == ["XNYS"] * 2


def test_a_folder_keeps_the_newest_ranges_of_each_exchange(tmp_path: Path, built: list[str]) -> None:
    """Each exchange keeps its newest files, as many as KEPT says; the last one written is among them."""
    cached_sessions(tmp_path, ["XNYS"], START, END, NONE)
    for number in range(1, KEPT + 3):
        before = set(tmp_path.glob("24-7.*"))
        cached_sessions(tmp_path, ["24/7"], START, date(2024, 2, number), NONE)
        (new,) = set(tmp_path.glob("24-7.*")) - before
        os.utime(new, (number, number))
    files = sorted(tmp_path.glob("24-7.*"), key=lambda file: file.stat().st_mtime)
    assert [int(file.stat().st_mtime) for file in files] == list(range(3, KEPT + 3))
    assert len(list(tmp_path.glob("XNYS.*"))) == 1
    cached_sessions(tmp_path, ["24/7"], START, date(2024, 2, KEPT + 2), NONE)
    assert built.count("24/7") == KEPT + 2


def test_nothing_but_calendars_is_left_in_the_folder(tmp_path: Path) -> None:
    """A written file has its final name; no partial one stays."""
    cached_sessions(tmp_path, ["XNYS", "24/7"], START, END, NONE)
    assert {file.suffix for file in tmp_path.iterdir()} == {".parquet"}


def test_no_exchange_gives_no_sessions(tmp_path: Path) -> None:
    """Without any exchange the frame is empty and typed, as from `build_sessions`."""
    assert same(cached_sessions(tmp_path, [], START, END, NONE), build_sessions([], START, END, NONE))


def test_a_refused_exchange_leaves_no_file(tmp_path: Path) -> None:
    """An exchange that is not known is refused as without the folder, and nothing is kept."""
    with pytest.raises(ConfigurationError, match="XXXX"):
        cached_sessions(tmp_path / "calendars", ["XXXX"], START, END, NONE)
    assert not (tmp_path / "calendars").exists()
