"""Write ``docs/strongest.svg``, the first figure of the README, from the published marts.

    uv run reaction run
    uv run python docs/make_hero.py

`reaction run` draws the same figure for Prefect.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from flows.summary import strongest_figure, strongest_reactions
from pipelines.home import MARTS_FILE, find_home
from pipelines.report.figures import save


def main() -> None:
    """Draw the strongest reactions."""
    parser = argparse.ArgumentParser(description="Write the first figure of the README from the published marts.")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("strongest.svg"), help="file to write")
    out = parser.parse_args().out
    marts = find_home() / MARTS_FILE
    if not marts.exists():
        sys.exit(f"no marts are published yet: expected {marts}; run `uv run reaction run`")
    figure = strongest_figure(strongest_reactions(marts))
    if figure is None:
        sys.exit("the published marts have no reaction with a standard error")
    save(figure, out)
    print(out)


if __name__ == "__main__":
    main()
