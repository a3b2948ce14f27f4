"""``reaction run --demo-news``: what was asked, stored and read, for a person who watches."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import ConfigurationError

if TYPE_CHECKING:
    from flows.demo_news import Found, Poll
    from flows.news_backfill import NewsBackfilled


def show(kept: Path | None = None) -> None:
    """Run the demonstration and print each step as it happens.

    Parameters
    ----------
    kept : Path, optional
        Folder that becomes its home and stays; without it nothing is left behind.

    Raises
    ------
    ConfigurationError
        If that folder is not empty: invented news must not come among news that is kept.
    """
    print("All providers are faked in this process, with January 2025 in invented words; nothing leaves this machine.")
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="reaction-demo-") as folder:
            _show_in(Path(folder))
        return
    if kept.exists() and (not kept.is_dir() or any(kept.iterdir())):
        raise ConfigurationError(
            f"--keep: expected a new or empty folder, got {kept}; invented news may not come among your own"
        )
    _show_in(kept)
    print(f"kept:    REACTION_HOME={kept} reaction events candidates")


def _show_in(home: Path) -> None:
    from flows.demo_news import Found, Poll, demonstrate

    for step in demonstrate(home):
        if isinstance(step, Poll):
            _show_poll(step)
        elif isinstance(step, Found):
            _show_found(step)
        else:
            _show_backfill(step)


def _show_backfill(done: NewsBackfilled) -> None:
    told = ", ".join(f"{one.source} {one.n_rows:,} items" for one in done.tally.sources.values())
    print(f"\n1. The weeks before: {done.tally.n_chunks:,} chunks of history, {told}\n\n2. A poll a day")


def _show_poll(poll: Poll) -> None:
    new = ", ".join(f"{part.source} {part.n_new:,}" for part in poll.polled if part.n_new) or "nothing new"
    asked = sum(sum(part.outcomes.values()) for part in poll.polled)
    print(f"   {poll.at:%a %d %b %H:%M}Z   {asked} requests   {new}")


def _show_found(found: Found) -> None:
    from flows.cli.output import print_table

    items = [
        (f"{row['available_at']:%d %b %H:%M}Z", row["precision"], row["session_date"], row["source"], row["title"],
         row["symbols"].strip("[]").replace('"', "").replace(",", " "), row["theme"])
        for row in found.items.iter_rows(named=True)
    ]  # fmt: skip
    print()
    columns = ["public", "precision", "day 0", "source", "title", "securities", "theme"]
    print_table(
        columns, items, title="3. What was said beside the daily noise, and the session in New York that can hold it"
    )
    print_table(found.attention.columns, found.attention.rows(), title="4. Attention to breakthroughs in efficiency")
    print_table(found.confounders.columns, found.confounders.rows(), title="5. What else moved NVDA")
    print_table(found.candidates.columns, found.candidates.rows(), title="6. What the news proposes as events")
    print(f"run {found.outcome.status}: gates passed")
