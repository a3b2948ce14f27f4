"""Which options of ``reaction run`` go together."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.cli.run_options import refuse_beside_a_demo, refuse_contradictions
from pipelines.errors import ConfigurationError
from pipelines.settings import Settings

TOMORROW = datetime.now(UTC).date() + timedelta(days=2)


@pytest.mark.parametrize(
    ("source", "given", "message"),
    [
        ("sample", {"--symbols": ("NVDA",)}, r"--symbols: it goes with a live source \(yahoo, nasdaq, .*from 'sample'"),
        ("files", {"--start": date(2020, 1, 2), "--compare-with": "nasdaq"}, "--start, --compare-with: it goes with"),
        ("yahoo", {"--prices": (Path("x.csv"),)}, "--prices: it is for --source files, and prices come from 'yahoo'"),
        ("sample", {"--column": ("close=PRC",)}, "--column: it is for --source files"),
        ("yahoo", {"--compare-with": "yahoo"}, "--compare-with: expected another source than 'yahoo'"),
        ("yahoo", {"--hourly": False, "--hourly-start": date(2025, 1, 2)}, "--no-hourly and --hourly-start contradict"),
        ("yahoo", {"--start": TOMORROW}, f"--start: expected a day that has begun, got {TOMORROW}"),
        ("yahoo", {"--hourly-start": TOMORROW}, "--hourly-start: expected a day that has begun"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(
    tmp_path: Path, source: str, given: dict[str, object], message: str
) -> None:
    """The message names the option and why it does not count."""
    chosen = Settings(home=tmp_path, source=source)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=message):
        refuse_contradictions(chosen, given, None)


def test_options_that_go_together_are_taken(tmp_path: Path) -> None:
    """So are settings that another kind of run needs: they are no options of this one."""
    live = {"--symbols": ("NVDA",), "--start": date(2020, 1, 2), "--compare-with": "nasdaq", "--hourly": True}
    refuse_contradictions(Settings(home=tmp_path, source="yahoo"), live, None)
    files = {"--prices": (Path("x.csv"),), "--column": ("close=PRC",), "--with-series": ("DGS10",)}
    refuse_contradictions(Settings(home=tmp_path, source="files", symbols=("NVDA",), compare_with="yahoo"), files, None)


def test_as_of_takes_nothing_that_asks_or_reads(tmp_path: Path) -> None:
    """What was asked and read by then is on record."""
    given = {"--start": date(2020, 1, 2), "--hourly": None, "--events": (Path("e.csv"),), "--prices": ()}
    with pytest.raises(ConfigurationError, match=r"leave out --start and --events$"):
        refuse_contradictions(Settings(home=tmp_path), given, "2025-01-27T21:00:00Z")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"demo_live": True, "report": True}, r"--report: a demonstration writes no pages"),
        ({"demo_news": True, "report": True}, r"--report: a demonstration writes no pages"),
        ({"keep": Path("january")}, r"--keep: expected --demo-news beside it"),
        ({"demo_live": True, "news": "arxiv"}, r"--news: a demonstration asks faked providers alone"),
    ],
)
def test_a_demonstration_takes_no_option_that_it_would_ignore(given: dict[str, Any], words: str) -> None:
    """The message says what to leave out."""
    none: dict[str, Any] = {"demo_news": False, "demo_live": False, "news": None, "keep": None, "report": False}
    with pytest.raises(ConfigurationError, match=words):
        refuse_beside_a_demo(**none | given)


def test_a_run_may_leave_its_report() -> None:
    """Where no demonstration is asked for nothing is refused."""
    refuse_beside_a_demo(demo_news=False, demo_live=False, news="arxiv", keep=None, report=True)
