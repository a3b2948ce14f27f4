"""Run the command `reaction` in a process that has its modules loaded already; `tests.running` starts it.

A failpoint kills the process, as a power cut would, at a moment that a random kill seldom hits. It is set here from
outside, by wrapping a function of the product: the product itself knows no failpoints.
"""

from __future__ import annotations

import os
import pathlib
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import flows.stages
import warehouse.publish
import warehouse.store
from flows.cli import main


def die(*_: object, **__: object) -> NoReturn:
    """Kill this process at once."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit


def after(module: Any, name: str, nth: int = 1) -> None:
    """Die when the function returns for the nth time."""
    function = getattr(module, name)
    calls = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        result = function(*args, **kwargs)
        calls += 1
        return die() if calls == nth else result

    setattr(module, name, wrapped)


def before(module: Any, name: str, nth: int = 1, on: Callable[..., bool] = lambda *_: True) -> None:
    """Die when the function is called for the nth time with arguments that count."""
    function = getattr(module, name)
    calls = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += on(*args)
        return die() if calls == nth else function(*args, **kwargs)

    setattr(module, name, wrapped)


FAILPOINTS: dict[str, Callable[[], None]] = {
    "ledger written, rows not": lambda: before(warehouse.store, "insert", nth=2),
    "rows committed, not acknowledged": lambda: after(flows.stages, "append"),
    "marts written, not switched": lambda: before(warehouse.publish, "_switch"),
    "folder named, link not switched": lambda: before(
        pathlib.Path, "replace", on=lambda _, target: pathlib.Path(target).name == "published"
    ),
    "switched, nothing recorded": lambda: before(warehouse.publish, "_prune"),
    "published, end not recorded": lambda: before(flows.stages, "record", nth=2),
}


if __name__ == "__main__":
    given = globals()
    os.environ.clear()
    os.environ.update(given["ENVIRONMENT"])
    if given["FAILPOINT"]:
        FAILPOINTS[given["FAILPOINT"]]()
    with (given["PRINTS"] / "out.txt").open("w") as out, (given["PRINTS"] / "err.txt").open("w") as err:
        sys.stdout, sys.stderr = out, err
        main(given["ARGUMENTS"])
