"""What is taken of a commit's archive, whatever somebody put into it, and how soon the reading of a bad one ends."""

import contextlib
import gzip
import io
import os
import random
import tarfile
import zlib
from collections.abc import Iterable

import pytest

from local.github.codeload import bomb
from push_gate import commit_archive
from push_gate.commit_archive import ArchiveError, files

TOP = "farflow-dags-3f2a91c"
MIB = 1024 * 1024


def entry(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, **fields: object) -> tuple[bytes, bytes]:
    """Header and content, whatever they say of each other."""
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, len(content)
    for field, value in fields.items():
        setattr(member, field, value)
    return member.tobuf(tarfile.GNU_FORMAT), content + bytes(-len(content) % 512)


def tar(*entries: tuple[bytes, bytes]) -> bytes:
    return b"".join(header + content for header, content in entries) + bytes(1024)


def archive(*entries: tuple[bytes, bytes]) -> io.BytesIO:
    return io.BytesIO(gzip.compress(tar(*entries), 1))


def pax(*records: str, kind: bytes = tarfile.XHDTYPE) -> tuple[bytes, bytes]:
    """A header that says something of the next file, or, as `XGLTYPE`, of all that follow."""
    return entry("pax", b"".join(map(_record, records)), kind)


def _record(record: str) -> bytes:
    """With its own length before it: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html."""
    size = len(record.encode()) + 3
    while len(f"{size} {record}\n".encode()) != size:
        size += 1
    return f"{size} {record}\n".encode()


def taken(source: io.BytesIO, folder: str = "dags", paths: Iterable[str] = ("a.py",), size: int = 1) -> list[str]:
    return [path for path, _ in files(source, folder, dict.fromkeys(paths, size))]


ROOT = entry(f"{TOP}/", kind=tarfile.DIRTYPE)
LAST = entry(f"{TOP}/dags/last.py", b"1")


def test_files_of_the_folder_are_taken_by_their_path_and_size() -> None:
    source = archive(
        pax("comment=3f2a91c", kind=tarfile.XGLTYPE),
        ROOT,
        entry(f"{TOP}/a.py", b"no"),
        entry(f"{TOP}/dags/", kind=tarfile.DIRTYPE),
        entry(f"{TOP}/dags/a.py", b"a" * 3000),
        entry(f"{TOP}/dags/b.py", b"b"),
        entry(f"{TOP}/dags/team/c.py", b""),
        pax(f"path={TOP}/dags/{'n' * 200}/größe.py"),
        entry("cut", b"long"),
        entry(f"{TOP}/dags-old/a.py", b"a" * 3000),
    )
    sizes = {"a.py": 3000, "b.py": 2, "team/c.py": 0, f"{'n' * 200}/größe.py": 4}
    assert dict(files(source, "dags", sizes)) == {
        "a.py": b"a" * 3000,
        "team/c.py": b"",
        f"{'n' * 200}/größe.py": b"long",
    }


def test_whole_repository_has_no_folder() -> None:
    source = archive(ROOT, entry(f"{TOP}/a.py", b"1"), entry(f"{TOP}/dags/a.py", b"2"), entry("a.py", b"3"))
    assert dict(files(source, "", {"a.py": 1, "dags/a.py": 1})) == {"a.py": b"1", "dags/a.py": b"2"}


@pytest.mark.parametrize(
    "strange",
    [
        entry(f"/{TOP}/dags/a.py", b"x"),
        entry(f"{TOP}/../{TOP}/dags/a.py", b"x"),
        entry(f"{TOP}/dags/../dags/a.py", b"x"),
        entry(f"./{TOP}/dags/a.py", b"x"),
        entry("other/dags/a.py", b"x"),
        entry("dags/a.py", b"x"),
        entry(f"{TOP}/dags/a.py", kind=tarfile.SYMTYPE, linkname="/etc/passwd"),
        entry(f"{TOP}/dags/a.py", kind=tarfile.LNKTYPE, linkname=f"{TOP}/dags/last.py"),
        entry(f"{TOP}/dags/a.py", kind=tarfile.CHRTYPE, devmajor=1, devminor=3),
        entry(f"{TOP}/dags/a.py", kind=tarfile.BLKTYPE, devmajor=8),
        entry(f"{TOP}/dags/a.py", kind=tarfile.FIFOTYPE),
        entry(f"{TOP}/dags/a.py", kind=tarfile.DIRTYPE),
        entry(f"{TOP}/dags/a.py", b"longer"),
    ],
    ids=["absolute", "parent", "parent in folder", "dot", "second top", "no top", "symlink", "hard link", "character device", "block device", "fifo", "folder", "other size"],
)  # fmt: skip
@pytest.mark.parametrize("size", [0, 1])
def test_what_is_no_file_of_the_folder_is_passed_over(strange: tuple[bytes, bytes], size: int) -> None:
    sizes = {"a.py": size, "last.py": 1}
    assert dict(files(archive(ROOT, strange, LAST), "dags", sizes)) == {"last.py": b"1"}


def test_name_that_comes_twice_is_told_twice() -> None:
    """Which one is right, its id says."""
    source = archive(ROOT, entry(f"{TOP}/dags/a.py", b"1"), entry(f"{TOP}/dags/a.py", b"2"))
    assert list(files(source, "dags", {"a.py": 1})) == [("a.py", b"1"), ("a.py", b"2")]


def random_bytes(size: int) -> bytes:
    """Which gzip does not make smaller: what was read of the source says what was read of the archive."""
    return random.Random(7).randbytes(size)


@pytest.mark.parametrize(
    "early",
    [
        entry("x", random_bytes(8 * MIB), tarfile.XHDTYPE),
        entry("x", random_bytes(8 * MIB), tarfile.XGLTYPE),
        entry("x", random_bytes(8 * MIB), tarfile.GNUTYPE_LONGNAME),
        entry("x", random_bytes(8 * MIB), tarfile.GNUTYPE_LONGLINK),
        entry("x", random_bytes(8 * MIB), b"Z"),
    ],
    ids=["pax", "global pax", "long name", "long link", "unknown"],
)
def test_header_without_end_is_not_read_to_it(early: tuple[bytes, bytes]) -> None:
    """tarfile would keep it all in memory: a symlink's target, of any size, makes git itself write such a header."""
    source = archive(ROOT, early, LAST)
    with pytest.raises(ArchiveError, match="bytes up to here"):
        taken(source)
    assert source.tell() < MIB


def test_many_small_headers_before_one_file_end_the_reading() -> None:
    """One after the other, tarfile reads them by recursion."""
    with pytest.raises(ArchiveError, match="bytes up to here"):
        taken(archive(ROOT, *[pax("x=y")] * 2000, LAST))


def test_global_headers_without_end_end_the_reading() -> None:
    """tarfile remembers them all and copies them for each file."""
    several = [(pax(f"key{number}=x", kind=tarfile.XGLTYPE), LAST) for number in range(500)]
    source = archive(ROOT, *[each for pair in several for each in pair])
    with pytest.raises(ArchiveError, match="many global headers"):
        taken(source)


@pytest.mark.parametrize(
    "holes",
    [
        [entry(f"{TOP}/dags/a.py", b"x", tarfile.GNUTYPE_SPARSE)],
        [pax("GNU.sparse.map=0,1", "GNU.sparse.size=9999999999999"), entry(f"{TOP}/dags/a.py", b"x")],
        [pax("GNU.sparse.map=x"), entry(f"{TOP}/dags/a.py", b"x")],
        [pax("GNU.sparse.size=x", "GNU.sparse.offset=0"), entry(f"{TOP}/dags/a.py", b"x")],
        [pax("GNU.sparse.major=1", "GNU.sparse.minor=0"), entry(f"{TOP}/dags/a.py", b"999999999\n" + b"1\n" * 250)],
        [pax("GNU.sparse.major=1", "GNU.sparse.minor=0"), entry(f"{TOP}/dags/a.py", b"1\n" * 8 * MIB)],
    ],
    ids=["old", "0.1", "0.1 garbage", "0.0 garbage", "1.0", "1.0 without end"],
)
def test_file_with_holes_ends_the_reading(holes: list[tuple[bytes, bytes]]) -> None:
    """Git writes none, and a hole costs nothing to send."""
    with pytest.raises(ArchiveError):
        taken(archive(ROOT, *holes, LAST))


@pytest.mark.parametrize("size", ["99999999999999999999999999", "-512", "-1", "1e9", "9" * 5000, str(2**63)])
@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_size_that_cannot_be_ends_the_reading_or_is_none(size: str, kind: bytes) -> None:
    source = archive(ROOT, pax(f"size={size}", kind=kind), entry(f"{TOP}/dags/a.py", b"x"), LAST)
    with contextlib.suppress(ArchiveError):
        assert set(taken(source, paths=("a.py", "last.py"))) <= {"a.py", "last.py"}


@pytest.mark.parametrize("size", [2**33 - 1, 2**60, 2**80])
def test_declared_size_beyond_the_archive_s_end_is_an_error(size: int) -> None:
    with pytest.raises(ArchiveError):
        taken(archive(ROOT, entry(f"{TOP}/dags/b.py", b"x", size=size), LAST))


@pytest.mark.parametrize(
    "skipped",
    [
        [entry("x", b"x", b"Z", size=2**60)],
        [pax("size=0", kind=tarfile.XGLTYPE), entry(f"{TOP}/dags/b.py", b"x", size=2**60)],
    ],
    ids=["unknown", "told otherwise"],
)
def test_declared_size_that_is_skipped_ends_with_the_archive(skipped: list[tuple[bytes, bytes]]) -> None:
    """tarfile alone would count to it."""
    with pytest.raises(ArchiveError):
        taken(archive(ROOT, *skipped, LAST))


def test_bomb_ends_early() -> None:
    content = b"".join(bomb(f"{TOP}/dags/b.py"))
    assert len(content) > 4 * MIB
    source = io.BytesIO(content)
    with pytest.raises(ArchiveError, match="of which"):
        taken(source)
    assert source.tell() < MIB


def test_file_of_zeros_is_no_bomb() -> None:
    assert taken(archive(ROOT, entry(f"{TOP}/zeros.bin", bytes(8 * MIB)), LAST), paths=["last.py"]) == ["last.py"]


def test_many_small_files_that_are_alike_are_no_bomb() -> None:
    entries = [entry(f"{TOP}/dags/{number}.py", b"x") for number in range(40_000)]
    source = archive(*entries)
    assert len(taken(source, paths=[f"{number}.py" for number in range(40_000)])) == 40_000


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ("COMPRESSED_BYTES", 10_000, "more than 10000 bytes"),
        ("INFLATED_BYTES", 100_000, "more than 100000 bytes"),
        ("MEMBERS", 3, "more than 3 members"),
    ],
)
def test_archive_beyond_a_limit_is_not_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int, reason: str
) -> None:
    monkeypatch.setattr(commit_archive, limit, value)
    source = archive(ROOT, *[entry(f"{TOP}/{number}", random_bytes(200_000)) for number in range(10)], LAST)
    found = []
    with pytest.raises(ArchiveError, match=reason):
        found += taken(source, paths=["last.py"])
    assert found == []


def broken_within(file: tuple[bytes, bytes]) -> bytes:
    """Half of its content, and then what is no deflate."""
    deflate = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    half = b"".join(file)[:25_000]
    return deflate.compress(half) + deflate.flush(zlib.Z_FULL_FLUSH) + b"\xff" * 1000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>not found</html>",
        gzip.compress(b""),
        gzip.compress(b"x" * 5000),
        gzip.compress(tar(ROOT, LAST))[:-9] + b"\xff" * 9,
        b"\x1f\x8b\x08\x00" + b"\xff" * 100,
        broken_within(entry(f"{TOP}/dags/b.py", os.urandom(50_000))),
        tar(ROOT, LAST),
        zlib.compress(tar(ROOT, LAST)),
    ],
    ids=["nothing", "page", "empty", "no tar", "checksum", "no deflate", "broken", "no gzip", "zlib"],
)
def test_what_is_no_archive_is_an_error(content: bytes) -> None:
    with pytest.raises(ArchiveError, match="no archive of git"):
        taken(io.BytesIO(content), paths=["last.py"])


@pytest.mark.parametrize("kept", range(0, 100, 5))
def test_archive_that_is_cut_off_is_an_error_and_gives_what_came_whole(kept: int) -> None:
    whole = archive(*[entry(f"{TOP}/dags/{number}.py", os.urandom(2000)) for number in range(100)]).getvalue()
    found: list[str] = []
    sizes = {f"{number}.py": 2000 for number in range(100)}
    with pytest.raises(ArchiveError):
        found.extend(path for path, content in files(io.BytesIO(whole[: len(whole) * kept // 100]), "dags", sizes))
    assert found == list(sizes)[: len(found)]


def test_nothing_but_archive_errors_come_of_changed_archives() -> None:
    whole = tar(
        pax("comment=3f2a91c", kind=tarfile.XGLTYPE),
        ROOT,
        pax(f"path={TOP}/dags/{'n' * 150}.py"),
        entry("cut", b"x" * 700),
        entry(f"{TOP}/dags/s.py", b"", tarfile.SYMTYPE, linkname="a.py"),
        entry("long", f"{TOP}/dags/{'m' * 150}.py".encode(), tarfile.GNUTYPE_LONGNAME),
        entry("cut", b"y" * 100),
        LAST,
    )
    chance = random.Random(20)
    failed = 0
    for _ in range(1500):
        changed = bytearray(whole)
        header = chance.randrange(len(changed) // 512) * 512
        for _ in range(chance.randrange(1, 4)):
            changed[header + chance.randrange(512)] = chance.choice(b"\x00\xff 0179LKSxgZ=,\n")
        # The header's checksum is made right again, as whoever forges one would.
        changed[header + 148 : header + 156] = b"%06o\x00 " % (
            256 + sum(changed[header : header + 148]) + sum(changed[header + 156 : header + 512])
        )
        try:
            taken(io.BytesIO(gzip.compress(bytes(changed), 0)), paths=["last.py"])
        except ArchiveError:
            failed += 1
    assert failed > 50
