"""Take in a body piece by piece: unpacked, capped, and known to be whole."""

from __future__ import annotations

import zlib

_ZLIB_OR_GZIP = zlib.MAX_WBITS | 32
_KNOWN = ("", "identity", "gzip", "x-gzip")


class BodyError(Exception):
    """A body cannot be taken in; the message says why."""


class BodyTooLargeError(BodyError):
    """A body has more bytes than are wanted; it will not be smaller next time."""


class Body:
    """A body that is being received.

    httpx would unpack it too, but all of a piece at once, so that a few kilobytes of gzip fill the memory, and it
    takes a gzip that ends too early for a whole one.
    """

    def __init__(self, encoding: str, max_bytes: int) -> None:
        if encoding.strip().lower() not in _KNOWN:
            raise BodyError(f"expected gzip or no encoding, as was asked for, got Content-Encoding {encoding[:40]!r}")
        self.content = bytearray()
        self._max_bytes = max_bytes
        self._is_packed = "gzip" in encoding.lower()
        self._unpacker = zlib.decompressobj(_ZLIB_OR_GZIP)
        self._has_begun = False

    def feed(self, piece: bytes) -> None:
        """Take in a piece as it came over the wire.

        Raises
        ------
        BodyError
            If it is no gzip although it should be, or there are more bytes than are wanted.
        """
        if self._is_packed:
            self._unpack(piece)
        else:
            self._keep(piece)

    def finish(self) -> bytes:
        """Return the body.

        Raises
        ------
        BodyError
            If its gzip ended too early.
        """
        if self._is_packed and self._has_begun and not self._unpacker.eof:
            raise BodyError(f"expected a whole gzip, got one that ends after {len(self.content)} unpacked bytes")
        return bytes(self.content)

    def _unpack(self, piece: bytes) -> None:
        while piece:
            if self._unpacker.eof:  # gzip may be several, one after the other
                self._unpacker = zlib.decompressobj(_ZLIB_OR_GZIP)
            self._has_begun = True
            room = self._max_bytes - len(self.content) + 1  # one more than wanted tells that there is more
            try:
                self._keep(self._unpacker.decompress(piece, room))
            except zlib.error as error:
                raise BodyError(f"expected gzip, got something else: {error}") from error
            piece = self._unpacker.unconsumed_tail or self._unpacker.unused_data

    def _keep(self, content: bytes) -> None:
        self.content += content
        if len(self.content) > self._max_bytes:
            del self.content[self._max_bytes :]
            raise BodyTooLargeError(f"expected at most {self._max_bytes} bytes, got more")
