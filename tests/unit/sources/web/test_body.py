"""Bodies: unpacked, capped, whole."""

from __future__ import annotations

import gzip
import zlib

import pytest

from pipelines.sources.web.body import Body, BodyError, BodyTooLargeError

TEXT = b"[1, 2, 3]" * 1000


def received(content: bytes, encoding: str = "gzip", max_bytes: int = 100_000, piece: int = 7) -> bytes:
    """Receive a body piece by piece."""
    body = Body(encoding, max_bytes)
    for begin in range(0, len(content), piece):
        body.feed(content[begin : begin + piece])
    return body.finish()


@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_gzip_is_unpacked_whatever_the_pieces(piece: int) -> None:
    """Also zlib under that name, and several gzips in a row."""
    assert received(gzip.compress(TEXT), piece=piece) == TEXT
    assert received(zlib.compress(TEXT), piece=piece) == TEXT
    assert received(gzip.compress(TEXT) + gzip.compress(b"!"), piece=piece) == TEXT + b"!"


@pytest.mark.parametrize("encoding", ["", "identity", "Identity "])
def test_a_plain_body_stays(encoding: str) -> None:
    """No encoding, or the one that is none."""
    assert received(TEXT, encoding) == TEXT


def test_a_gzip_that_ends_too_early_is_no_body() -> None:
    """At no place is it taken for a whole one."""
    packed = gzip.compress(TEXT)
    for end in range(1, len(packed)):
        with pytest.raises(BodyError, match="expected a whole gzip"):
            received(packed[:end], piece=100_000)


def test_an_empty_body_is_whole_even_as_gzip() -> None:
    """A 304 or a HEAD has none."""
    assert received(b"") == b""


def test_what_is_no_gzip_is_said_to_be_none() -> None:
    """A server may call anything gzip."""
    with pytest.raises(BodyError, match="expected gzip, got something else"):
        received(TEXT)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    """There is no unpacking it."""
    with pytest.raises(BodyError, match="as was asked for, got Content-Encoding"):
        Body(encoding, 10)


@pytest.mark.parametrize("piece", [64, 1_000_000])
def test_a_bomb_is_unpacked_to_the_cap_and_no_further(piece: int) -> None:
    """A hundred megabytes of zeros are a hundred kilobytes of gzip."""
    body = Body("gzip", 1000)
    packed = gzip.compress(bytes(100_000_000), 1)
    with pytest.raises(BodyTooLargeError, match="expected at most 1000 bytes"):
        for begin in range(0, len(packed), piece):
            body.feed(packed[begin : begin + piece])
    assert len(body.content) == 1000


def test_a_body_of_just_the_cap_is_taken() -> None:
    """One byte more is not."""
    assert received(gzip.compress(bytes(1000)), max_bytes=1000) == bytes(1000)
    with pytest.raises(BodyTooLargeError):
        received(bytes(1001), "", max_bytes=1000)
