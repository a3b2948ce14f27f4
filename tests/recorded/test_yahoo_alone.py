"""In a process of its own, Yahoo's source leaves nothing behind: no file, no line, no warning."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.fake_providers.faults import throttled
from pipelines.fake_providers.yahoo import CRUMB, FakeYahoo
from tests.recorded.yahoo_rig import market

ASK = """
import sys, threading
from datetime import date
from pipelines.sources.live import BarsRequest
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Manners
from pipelines.sources.yahoo_prices import YahooPrices

assert not {"pandas", "yfinance", "curl_cffi"} & set(sys.modules), "imported before it is needed"
source = YahooPrices(sys.argv[1], manners=Manners(Rate(1000, 50)))
found = []
def ask(symbol):
    found.append(source.fetch(BarsRequest(symbol, date(2025, 1, 17), date(2025, 1, 24))).outcome.value)
threads = [threading.Thread(target=ask, args=(symbol,)) for symbol in ("NVDA", "SPY", "NOPE")]
for thread in threads: thread.start()
for thread in threads: thread.join()
source.close()
sys.exit(0 if sorted(found) == ["ok", "ok", "refused"] else f"got {found}")
"""


@pytest.mark.parametrize("is_throttled", [False, True])
def test_nothing_is_left_behind(tmp_path: Path, root: Path, is_throttled: bool) -> None:
    """Home, cache and temporary folders stay empty, and both streams, with all warnings on."""
    folders = {name: tmp_path / name.lower() for name in ("HOME", "XDG_CACHE_HOME", "TMPDIR")}
    for folder in folders.values():
        folder.mkdir()
    environment = {**os.environ, **{name: str(folder) for name, folder in folders.items()}, "PYTHONPATH": str(root)}
    with FakeYahoo(market()) as yahoo:
        if is_throttled:
            yahoo.arm(throttled(), CRUMB)
        command = [sys.executable, "-W", "error:::pipelines", "-c", ASK, yahoo.base_url]
        done = subprocess.run(
            command, env=environment, cwd=root, capture_output=True, text=True, timeout=60, check=False
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path for folder in folders.values() for path in folder.rglob("*")] == []
