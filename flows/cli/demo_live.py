"""``reaction run --demo-live``: what is asked, stored and judged, for a person who watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.demo_live import Known, Poll
    from flows.live import SymbolResult


def show() -> None:
    """Run the demonstration and print each step as it happens."""
    from flows.cli.output import plain
    from flows.demo_live import Poll, demonstrate

    print("Yahoo Finance is faked in this process over an invented market; nothing leaves this machine.")
    number, known = 0, []
    for step in demonstrate():
        if isinstance(step, Poll):
            number += 1
            print(f"\n{number}. {plain(step.title)}")
            _show_poll(step)
        else:
            known.append(step)
    print(f"\n{number + 1}. What was known when")
    _show_known(known)


def _show_poll(poll: Poll) -> None:
    from flows.cli.output import plain, print_table

    for line in poll.asked or ("nothing: no session is over that is not stored",):
        print(f"   asked   {plain(line)}")
    results = list(poll.refreshed.results.values())
    if poll.asked:
        rows = [(item.symbol, _verdict(item), _stored(item)) for item in results]
        print_table(["symbol", "judged", "stored"], rows)
    print(f"   {plain(poll.refreshed.sentence)}")
    marts = poll.outcome.publication
    print(f"   run {poll.outcome.status}: gates passed, marts {'are new' if marts.is_new else 'stay as they were'}")


def _verdict(item: SymbolResult) -> str:
    if item.judgement is None:
        return str(item.state)
    verdict = str(item.judgement.verdict).replace("_", " ")
    return f"{verdict}: {item.judgement.reason}"


def _stored(item: SymbolResult) -> str:
    """Return what was stored of a symbol in words."""
    from flows.live import BESIDE

    kinds = {
        "full": "a vintage of {}",
        "append": "{} appended",
        "revision": "{} revised",
        "provisional": "{} provisional",
    }
    bars = [batch for batch in item.batches if batch.source not in BESIDE]
    return ", ".join(kinds[batch.kind].format(f"{batch.rows.height:,}") for batch in bars) or "nothing"


def _show_known(known: list[Known]) -> None:
    from flows.cli.output import print_table

    rows = [
        (each.title, *(f"{close:,.4f}" for close in each.closes.values()), f"{each.day_return:+.4%}", each.digest[:12])
        for each in known
    ]
    days = [f"NVDA {day}" for day in known[0].closes]
    print_table(["close", *days, "return of the last", "sha256 of all"], rows)
    first, last = known[0], known[-1]
    if first.digest != last.digest:
        print("what was known on Friday has CHANGED: this is a fault of reaction; please report it")
        raise SystemExit(1)
    print("The old vintage is still there: as of Friday every number is byte for byte what it was, and the split has")
    print("not touched a return. `reaction sql --as-of INSTANT` and `reaction run --as-of INSTANT` read so.")
