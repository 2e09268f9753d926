"""The body of a request, with a length or in chunks, which Python's server leaves to its user.

Source: https://www.rfc-editor.org/rfc/rfc9112#section-7.1
"""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from io import BufferedIOBase

PIECE_BYTES = 64 * 1024


def chunks(headers: Message, source: BufferedIOBase) -> Iterator[bytes]:
    """The body, piece by piece."""
    if "chunked" in (headers.get("Transfer-Encoding") or "").lower():
        while size := int(source.readline().partition(b";")[0] or b"0", 16):
            yield from _exactly(size, source)
            source.readline()
        while source.readline().strip():
            pass  # trailers
    else:
        yield from _exactly(int(headers.get("Content-Length") or 0), source)


def _exactly(size: int, source: BufferedIOBase) -> Iterator[bytes]:
    while size and (piece := source.read(min(size, PIECE_BYTES))):
        size -= len(piece)
        yield piece
