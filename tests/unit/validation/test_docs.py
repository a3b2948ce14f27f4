"""Data Docs of gates."""

from __future__ import annotations

import datetime as dt
import socket
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts import DIM_EVENTS
from pipelines.errors import ConfigurationError
from pipelines.validation import GateResult, Measurement, Rule, judge, write_data_docs


def decide(run_id: str) -> GateResult:
    """Judge two counts and a frame with a hostile word in it."""
    measurements = [
        Measurement(Rule("unique_key", "fct_returns", "fail", ""), 10, 2, [{"symbol": "A"}]),
        Measurement(Rule("extreme_returns", "fct_returns", "warn", ""), 10, 0, []),
    ]
    row = {"event_id": "e1", "title": "t", "precision": "day", "kind": "<script>alert(1)</script>", "source": "s"}
    frames = {"dim_events": pl.DataFrame([row], schema=DIM_EVENTS.polars_schema)}
    checked_at = dt.datetime(2025, 1, 28, tzinfo=dt.UTC)
    return judge("publish", measurements, frames, run_id=run_id, checked_at=checked_at)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return every page of two runs, by its path in the folder."""
    folder = tmp_path_factory.mktemp("docs") / "not yet" / "made"
    assert write_data_docs([decide("run-1")], folder) == folder / "index.html"
    write_data_docs([decide("run-2")], folder)
    return {page.relative_to(folder).as_posix(): page.read_text(encoding="utf-8") for page in folder.rglob("*.html")}


def test_pages_show_every_table_and_check(pages: dict[str, str]) -> None:
    """The index leads to a page per gate, table and run, and that page names each check with what was observed."""
    assert "publish.fct_returns" in pages["index.html"]
    (page,) = [text for name, text in pages.items() if name.startswith("validations/publish/fct_returns/run-2/")]
    assert "unique_key" in page
    assert "extreme_returns" in page
    assert "Failed" in page
    assert any(name.startswith("validations/publish/dim_events/values/") for name in pages)


def test_other_files_of_the_folder_stay(pages: dict[str, str], tmp_path: Path) -> None:
    """Writing pages removes nothing: neither a foreign file nor the pages of an earlier run."""
    assert {f"run-{n}" for n in (1, 2) for name in pages if f"/run-{n}/" in name} == {"run-1", "run-2"}
    (tmp_path / "thesis.txt").write_text("irreplaceable", encoding="utf-8")
    write_data_docs([decide("run-1")], tmp_path)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "irreplaceable"


def test_pages_call_no_logo_from_afar(pages: dict[str, str]) -> None:
    """The maker's server does not learn that a page is opened."""
    assert not any("great-expectations-web-assets" in page for page in pages.values())


def test_words_of_a_source_are_no_markup(pages: dict[str, str]) -> None:
    """A value that looks like a script is shown as text."""
    assert any("alert(1)" in page for page in pages.values())
    assert not any("<script>alert(1)" in page for page in pages.values())


def test_writing_pages_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Pages are written offline, into the folder alone, and nothing is printed."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("writing pages tried to reach the network")

    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    write_data_docs([decide("run-1")], tmp_path / "docs")
    assert list((tmp_path / "cwd").iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_pages_need_a_result(tmp_path: Path) -> None:
    """Without a gate there is nothing to show."""
    with pytest.raises(ConfigurationError, match="expected at least one gate result"):
        write_data_docs([], tmp_path)
