"""Case 10: SIGTERM in the middle of a backfill; and what the command says, exits with and needs Prefect for."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipelines.fake_providers.faults import hangs, page
from tests.faults.backfill_rig import LAST, Audit, QuickYahoo, names, quick_yahoo, table_hash
from tests.running import reaction, reaction_here, spawn

SYMBOLS = names(24)
FIRST = date(2023, 1, 3)
"""Two years: what is promised here does not depend on how long a history is."""

TO = ("--from", FIRST, "--to", LAST)


@pytest.fixture(scope="module")
def yahoo() -> Iterator[QuickYahoo]:
    """Serve two years of every symbol."""
    with quick_yahoo(SYMBOLS, listed=FIRST) as server:
        yield server


@pytest.fixture(autouse=True)
def honest(yahoo: QuickYahoo) -> None:
    """Begin without a fault."""
    yahoo.disarm()


def command(*more: object) -> list[object]:
    """Return the arguments of a backfill of all symbols without Prefect."""
    return ["backfill", *TO, "--symbols", ",".join(SYMBOLS), "--no-prefect", *more]


def at(yahoo: QuickYahoo) -> dict[str, str]:
    """Return the setting that names the server."""
    return {"REACTION_YAHOO_BASE_URL": yahoo.base_url}


def stop_after(process: subprocess.Popen[str], yahoo: QuickYahoo, begin: int, n_requests: int) -> tuple[str, float]:
    """Send SIGTERM when so many charts have been asked for; return what was said and the seconds until the end."""
    while yahoo.asked(begin).total() < n_requests:
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGTERM)
    stopped_at = time.monotonic()
    _, said = process.communicate(timeout=60)
    return said, time.monotonic() - stopped_at


@pytest.mark.slow
def test_sigterm_ends_between_two_commits(yahoo: QuickYahoo, tmp_path: Path) -> None:
    """10: exit 143, what was answered is stored, and the next backfill goes on with the first chunk that was not."""
    audit = Audit(tmp_path / "home")
    begin = len(yahoo.log)
    with spawn(*command(), home=audit.home, settings=at(yahoo)) as process:
        said, _ = stop_after(process, yahoo, begin, 10)
    assert process.returncode == 143
    assert "stopped" in said
    assert "Traceback" not in said
    yahoo.settle()
    audit.check()
    asked = yahoo.asked(begin)
    assert set(audit.acknowledged) == set(asked), "an answer that came before the end was thrown away"
    assert 10 <= len(audit.acknowledged) < len(SYMBOLS)

    [run] = reaction_here("status", "--json", home=audit.home).json["runs"]
    assert (run["flow"], run["status"], run["n_requests"]) == ("backfill", "partial", len(asked))
    assert run["message"].startswith(f"stopped by a signal; {len(asked)} of {len(SYMBOLS)} chunks are done")

    begin = len(yahoo.log)
    finished = reaction_here(*command("--json"), home=audit.home, settings=at(yahoo))
    assert finished.code == 0, finished.err
    assert finished.json["done_before"] == len(asked)
    assert set(yahoo.asked(begin)) == set(SYMBOLS) - set(asked)
    audit.check()

    undisturbed = tmp_path / "undisturbed"
    assert reaction_here(*command(), home=undisturbed, settings=at(yahoo)).code == 0
    assert table_hash(audit.home) == table_hash(undisturbed)


@pytest.mark.slow
def test_sigterm_does_not_wait_for_a_provider_that_hangs(yahoo: QuickYahoo, tmp_path: Path) -> None:
    """Requests that are on their way have some seconds; then the backfill ends without them and can go on later."""
    audit = Audit(tmp_path / "home")
    yahoo.arm(hangs(60), SYMBOLS[5])
    begin = len(yahoo.log)
    with spawn(*command(), home=audit.home, settings=at(yahoo)) as process:
        _, seconds = stop_after(process, yahoo, begin, len(SYMBOLS))
    assert process.returncode == 143
    assert seconds < 15
    audit.check()
    assert set(SYMBOLS) - set(audit.acknowledged) == {SYMBOLS[5]}


@pytest.mark.slow
def test_the_command_tells_how_it_ended(yahoo: QuickYahoo, tmp_path: Path) -> None:
    """Exit 1 and `partial` while a chunk is left, with the first reason; 0 when the same command has fetched it."""
    home = tmp_path / "home"
    yahoo.arm(page(), SYMBOLS[3])
    partial = reaction_here(*command(), home=home, settings=at(yahoo))
    assert partial.code == 1
    assert re.search(rf"yahoo, first broken: {SYMBOLS[3]}: expected", partial.out)
    assert f"partial: 1 of {len(SYMBOLS)} chunks are left; the same command asks for them" in partial.out
    yahoo.disarm()
    done = reaction_here(*command(), home=home, settings=at(yahoo))
    assert done.code == 0
    assert re.search(r"done: 1 chunks, [\d,]+ rows \(23 were done before\)", done.out)


@pytest.mark.slow
def test_a_backfill_runs_as_a_flow(yahoo: QuickYahoo, tmp_path: Path) -> None:
    """With Prefect, which is the default, the same rows are stored and SIGTERM is obeyed the same way."""
    with_prefect = [item for item in command("--json") if item != "--no-prefect"]
    begin = len(yahoo.log)
    with spawn(*with_prefect, home=tmp_path / "home", settings=at(yahoo)) as process:
        said, _ = stop_after(process, yahoo, begin, 3)
    assert process.returncode == 143, said
    finished = reaction(*with_prefect, home=tmp_path / "home", settings=at(yahoo))
    assert finished.code == 0, finished.err
    assert finished.json["status"] == "done"
    assert finished.json["done_before"] >= 3
    Audit(tmp_path / "home").check()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--from", "soon"), "--from: expected a day such as 2005-01-01, got 'soon'"),
        (("--from", LAST, "--to", FIRST), "lies after --to"),
        (("--from", FIRST, "--to", "2999-01-01"), "the last day that is over everywhere is"),
        ((*TO, "--sources", "bloomberg"), "--sources: expected some of yahoo"),
        ((*TO, "--chunk", "0"), "--chunk: expected days, at least 1, got 0"),
        ((*TO, "--symbols", "no/such/file.txt"), "expected a text file with a symbol a line"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(tmp_path: Path, options: tuple[object, ...], message: str) -> None:
    """The line names the option; nothing is made."""
    finished = reaction_here("backfill", *options, home=tmp_path / "home")
    assert finished.code == 2
    assert message in finished.err
    assert finished.err.count("\n") == 1
    assert not (tmp_path / "home").exists()


def test_a_dry_run_says_how_much_and_how_long(yahoo: QuickYahoo, tmp_path: Path) -> None:
    """Requests, symbols and the time that the limiter takes; nothing is asked and nothing is written."""
    begin = len(yahoo.log)
    twenty_years = ("--from", "2005-01-03", "--to", LAST)
    options = (*twenty_years, "--symbols", ",".join([*SYMBOLS, "BTC-USD"]), "--sources", "yahoo,coinbase", "--dry-run")
    shown = reaction_here("backfill", *options, home=tmp_path / "home")
    record = reaction_here("backfill", *options, "--json", home=tmp_path / "home").json

    assert shown.code == 0
    assert "expected time: 50 s, as fast as the sources allow; nothing was asked" in shown.out
    assert record["requests"] == 25 + 41
    assert record["chunks"] == 25 + 21
    assert {one["source"]: one["seconds"] for one in record["sources"]} == {"yahoo": 50.0, "coinbase": 8.2}
    assert not (tmp_path / "home").exists()
    assert len(yahoo.log) == begin
