"""Fixtures of the end-to-end tests: the bundled sample, run twice by the command itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.running import Finished, Generation, generation, published_bytes, reaction


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
    """Run the pipeline on the bundled sample twice, in a process of its own each time."""
    home = tmp_path_factory.mktemp("sample") / "home"
    first = reaction("run", "--no-prefect", "--json", home=home)
    assert first.code == 0, first.err
    published, files = generation(home), published_bytes(home)
    second = reaction("run", "--no-prefect", "--json", home=home)
    return SampleRun(home, first, second, published, files)
