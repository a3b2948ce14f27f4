"""Draw what a terminal shows of a backfill of 500 symbols x 10 years from a faked Yahoo: its bar, summary and status.

    uv run python tests/benchmarks/picture_of_backfill.py
    uv run python tests/benchmarks/picture_of_backfill.py --symbols 40 --years 2 --out /tmp/backfill.svg

The command itself runs on a terminal of its own (a pty), and what it writes there is drawn: the bar as it stood at four
moments, one below the other where a terminal shows them in the same place, and all that it leaves in the end. The
provider is a process of its own that answers as fast as it can.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from bench_sources import LAST, tickers
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 126
MOMENTS = (0.15, 0.4, 0.65, 0.9)
"""Parts of the chunks after which the bar is shown."""

COMMAND = "from flows.cli import main; main()"
THEME = TerminalTheme(
    (250, 250, 248),
    (40, 42, 46),
    [
        (40, 42, 46),
        (190, 50, 45),
        (70, 120, 30),
        (160, 110, 0),
        (30, 90, 160),
        (140, 60, 130),
        (0, 120, 120),
        (120, 122, 126),
    ],
)
_REDRAWN = re.compile(r"\r\x1b\[2K|\x1b\[1A\x1b\[2K|\x1b\[\?25[lh]")
"""What a terminal is told before a line is drawn anew, or the cursor is hidden."""


def on_a_terminal(arguments: list[str], environment: dict[str, str]) -> str:
    """Run the command on a terminal of its own and return what it wrote."""
    print("$ reaction", *arguments, flush=True)
    reader, writer = pty.openpty()
    settings = environment | {"COLUMNS": str(WIDTH), "LINES": "50", "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments], stdout=writer, stderr=writer, env=settings, cwd=ROOT
    )
    os.close(writer)
    written = bytearray()
    try:
        while piece := os.read(reader, 1 << 16):
            written += piece
    except OSError:  # the other side has closed it
        pass
    os.close(reader)
    if process.wait():
        sys.exit(f"reaction {arguments[0]} ended with {process.returncode}:\n{written.decode()}")
    return written.decode().replace("\r\n", "\n")


def frames(written: str, n_chunks: int) -> list[Text]:
    """Return the bar as it stood at the moments, and what stays after it."""
    drawn = [Text.from_ansi(part.rstrip("\n")) for part in _REDRAWN.split(written) if part.strip()]
    shown, left = [], list(MOMENTS)
    for frame in drawn:
        done = re.search(r"([\d,]+)/[\d,]+ chunks", frame.plain)
        if done and left and int(done[1].replace(",", "")) >= left[0] * n_chunks:
            shown.append(frame)
            left.pop(0)
    return [*shown, drawn[-1]]


def draw(n_symbols: int, years: int, base_url: str, file: Path) -> None:
    """Backfill, and draw what the terminal showed."""
    console = Console(width=WIDTH, record=True, file=StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as folder:
        universe = Path(folder) / "universe.txt"
        universe.write_text("\n".join(tickers(n_symbols)))
        days = ["--from", f"{LAST.year - years + 1}-01-02", "--to", LAST.isoformat()]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("REACTION_")}
        environment |= {"REACTION_HOME": f"{folder}/home", "REACTION_YAHOO_BASE_URL": base_url}
        backfill = ["backfill", *days, "--symbols", str(universe), "--no-prefect"]
        for arguments in (backfill, ["status"]):
            said = " ".join(arguments).replace(str(universe), "universe.txt")
            console.print(Text(f"$ reaction {said}", style="bold"))
            written = on_a_terminal(arguments, environment).replace(folder, "~/reaction")
            for frame in frames(written, n_symbols):
                console.print(frame)
            console.print()
    file.write_text(console.export_svg(title="reaction backfill", theme=THEME), encoding="utf-8")


def main() -> None:
    """Start the provider and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "backfill.svg")
    options = parser.parse_args()
    server_file = ROOT / "tests" / "benchmarks" / "bench_sources.py"
    sizes = ["--symbols", str(options.symbols), "--years", str(options.years)]
    with subprocess.Popen(
        [sys.executable, str(server_file), "--serve", *sizes], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yahoo = json.loads(server.stdout.readline())[0]
        draw(options.symbols, options.years, yahoo, options.out)
        server.stdin.close()
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
