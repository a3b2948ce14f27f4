"""Read the one file in a zip, in memory, whatever the zip claims of it."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO

from pipelines.sources.web.judge import ShapeError

_MOST_TIMES = 200
"""Times its packed size to which a file may unpack: text reaches about 20, a bomb 1,000."""


@contextmanager
def single_member(content: bytes, suffix: str, max_bytes: int) -> Iterator[IO[bytes]]:
    """Open the only file of a zip, whose name says what kind it is and no place to write to.

    Parameters
    ----------
    suffix : str
        End of the file's name, in any case.
    max_bytes : int
        Of the file, unpacked.

    Raises
    ------
    ShapeError
        If there is not one file, its name or its size is not as expected, or it cannot be unpacked, which may show
        only while it is read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            member = _checked(archive.infolist(), suffix, max_bytes)
            with archive.open(member) as file:
                yield file
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise ShapeError(f"expected a zip, got one that cannot be unpacked: {str(error)[:200]}") from error


def _checked(members: list[zipfile.ZipInfo], suffix: str, max_bytes: int) -> zipfile.ZipInfo:
    names = [member.filename for member in members]
    if len(members) != 1:
        raise ShapeError(f"expected a zip with one file, got {len(members)}: {names!r:.200}")
    (member,) = members
    name = member.filename
    if PurePosixPath(name).name != name or "\\" in name or not name.lower().endswith(suffix.lower()):
        raise ShapeError(f"expected a plain file name that ends in {suffix}, got {name!r:.200}")
    if member.file_size > min(max_bytes, _MOST_TIMES * max(member.compress_size, 1)):
        raise ShapeError(
            f"expected at most {max_bytes} bytes and {_MOST_TIMES} times the packed size, got {member.file_size} "
            f"from {member.compress_size}"
        )
    return member
