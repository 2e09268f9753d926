"""The files of a commit's archive, looked at while it comes and never extracted.

Git's archives are plain: one folder with everything in it, regular files with their contents, no holes in them. What is
not so ends the reading, before it costs memory or time: whoever reads must have another way.
Sources: https://git-scm.com/docs/git-archive and https://docs.python.org/3.13/library/tarfile.html
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Buffer, Generator, Mapping
from typing import BinaryIO, override

COMPRESSED_BYTES = 512 * 1024 * 1024
INFLATED_BYTES = 2 * 1024 * 1024 * 1024
MEMBERS = 500_000
HEADER_BYTES = 32 * 1024
"""Between two contents: names have 4,096 bytes at most, and tarfile keeps in memory what a header says is its length."""

GLOBAL_HEADERS = 20
"""Git writes one, the commit's id; tarfile remembers them all."""

RATIO = 200
RATIO_FREE_BYTES = 16 * 1024 * 1024
"""Of them no ratio is asked: many small files that are much alike reach 100, a bomb 1,000."""

PIECE_BYTES = 64 * 1024


class ArchiveError(Exception):
    """No archive, or none as git makes them; what it gave so far may still be right."""


def files(source: BinaryIO, folder: str, sizes: Mapping[str, int | None]) -> Generator[tuple[str, bytes]]:
    """Path and content of each regular file in `folder` whose path and size, in bytes, are in `sizes`.

    Paths are relative to `folder`, of which "" is the whole repository. A path may come more than once, and a content
    may be another than the commit has (attributes change it): check it. `source` is a tar.gz. Raises `ArchiveError`,
    and what reading `source` raises.
    """
    try:
        yield from _files(source, folder, sizes)
    except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, ValueError) as error:
        raise ArchiveError(f"no archive of git ({type(error).__name__}: {error})") from error


def _files(source: BinaryIO, folder: str, sizes: Mapping[str, int | None]) -> Generator[tuple[str, bytes]]:
    inflated = _Inflated(source)
    with (
        io.BufferedReader(inflated) as reader,
        # `stream` keeps no list of members; the types at hand do not know it yet.
        tarfile.open(fileobj=reader, mode="r|", stream=True) as archive,  # type: ignore[call-overload]
    ):
        top = ""
        for number in range(MEMBERS):
            inflated.most = inflated.bytes + HEADER_BYTES
            member = archive.next()
            if member is None:
                return
            if number == 0:
                top = member.name.partition("/")[0]
            if member.issparse() or len(archive.pax_headers) > GLOBAL_HEADERS:
                raise ArchiveError(f"an archive with {'holes' if member.issparse() else 'many global headers'}")
            inflated.most = INFLATED_BYTES
            path = _path_in(member.name, f"{top}/{folder}/" if folder else f"{top}/")
            content = archive.extractfile(member) if member.isreg() else None
            if content is not None and path is not None and sizes.get(path) == member.size:
                yield path, content.read()
            elif content is not None:
                while content.read(PIECE_BYTES):
                    pass  # here and not in `next`, which may read headers alone
    raise ArchiveError(f"an archive of more than {MEMBERS} members")


def _path_in(name: str, start: str) -> str | None:
    return name.removeprefix(start) if name.startswith(start) else None


class _Inflated(io.RawIOBase):
    """What is in a gzip file, as long as it stays within limits; `most` is the number of bytes until the next stop."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._compressed = _Counted(source)
        self._file = gzip.GzipFile(fileobj=io.BufferedReader(self._compressed, PIECE_BYTES), mode="rb")
        self.bytes = 0
        self.most = HEADER_BYTES
        self._ended = False

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        piece = self._file.read1(len(view))
        if not piece and self._ended:
            raise EOFError("read beyond its end")  # else tarfile, which skips what a header says, goes on for years
        self._ended = not piece
        self.bytes += len(piece)
        if self.bytes > self.most:
            raise ArchiveError(f"an archive with more than {self.most} bytes up to here")
        if self.bytes > RATIO_FREE_BYTES + RATIO * self._compressed.bytes:
            raise ArchiveError(f"an archive of which {self._compressed.bytes} bytes make {self.bytes}")
        view[: len(piece)] = piece
        return len(piece)

    @override
    def close(self) -> None:
        self._file.close()
        super().close()


class _Counted(io.RawIOBase):
    """Passes on what it counts."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source = source
        self.bytes = 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        piece = self._source.read(len(view))
        self.bytes += len(piece)
        if self.bytes > COMPRESSED_BYTES:
            raise ArchiveError(f"an archive of more than {COMPRESSED_BYTES} bytes")
        view[: len(piece)] = piece
        return len(piece)
