"""A zip is read in memory, and only if it is what was agreed."""

from __future__ import annotations

import io
import zipfile

import pytest

from pipelines.sources.web.judge import ShapeError
from pipelines.sources.web.unzip import single_member


def made(*members: tuple[str, bytes]) -> bytes:
    """Return a zip of members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def read(content: bytes, max_bytes: int = 1 << 20) -> bytes:
    """Return what the only file of a zip has."""
    with single_member(content, ".csv", max_bytes) as file:
        return file.read()


@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "20250127114500.gkg.csv"])
def test_the_only_file_is_read(name: str) -> None:
    """Its ending in any case."""
    assert read(made((name, b"x,y\n"))) == b"x,y\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (made(), "with one file, got 0"),
        (made(("a.csv", b""), ("b.csv", b"")), "with one file, got 2"),
        (made(("../a.csv", b"x")), "a plain file name"),
        (made(("/a.csv", b"x")), "a plain file name"),
        (made(("folder/a.csv", b"x")), "a plain file name"),
        (made(("..\\a.csv", b"x")), "a plain file name"),
        (made(("C:a.exe", b"x")), "a plain file name"),
        (made(("a.csv", b"0" * 100_000)), "times the packed size"),
        (made(("a.csv", bytes(range(256)) * 5000)), "at most 1048576 bytes"),
        (b"PK", "cannot be unpacked"),
        (made(("a.csv", b"x" * 50))[:-10], "cannot be unpacked"),
    ],
)
def test_fault_48_anything_else_is_not(content: bytes, reason: str) -> None:
    """Bombs by ratio and by size, names that lead elsewhere, zips that are cut."""
    with pytest.raises(ShapeError, match=reason):
        read(content)


def test_a_file_that_does_not_unpack_is_found_while_it_is_read() -> None:
    """Its checksum is another."""
    whole = made(("a.csv", b"some text that is packed, some text that is packed"))
    place = whole.index(b"a.csv") + 8
    spoiled = whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :]
    with pytest.raises(ShapeError, match="cannot be unpacked"):
        read(spoiled)
