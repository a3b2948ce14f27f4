"""Fixtures of the end-to-end tests: the bundled sample, run twice by the command itself."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.built_once import built_once
from tests.running import Finished, Generation, generation, published_bytes, reaction, reaction_here


@dataclass(frozen=True, slots=True)
class SampleRun:
    """A home in which the bundled sample was run twice.

    Attributes
    ----------
    first, second : Finished
        What the two runs printed, as JSON.
    generation : Generation
        What the first published.
    files : dict of str to bytes
        The published files after the first run.
    """

    home: Path
    first: Finished
    second: Finished
    generation: Generation
    files: dict[str, bytes]


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> SampleRun:
    """Run the pipeline on the bundled sample in two processes, one after the other; no test may write into it."""
    folder = built_once(tmp_path_factory, "sample", _run_twice)
    first, second = (Finished(**json.loads((folder / f"{name}.json").read_text())) for name in ("first", "second"))
    after_first = folder / "after_first"
    return SampleRun(folder / "home", first, second, generation(after_first), published_bytes(after_first))


def _run_twice(folder: Path) -> None:
    """Run in this process and in a new one, and keep what the first published and what both printed."""
    home = folder / "home"
    first = reaction_here("run", "--no-prefect", "--json", home=home)
    assert first.code == 0, first.err
    shutil.copytree(home, folder / "after_first", symlinks=True)
    second = reaction("run", "--no-prefect", "--json", home=home)
    for name, finished in (("first", first), ("second", second)):
        (folder / f"{name}.json").write_text(json.dumps(asdict(finished)))
