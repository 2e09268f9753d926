"""A DAG folder of many files, fetched by way of the commit's archive from the local GitHub: git's contents, or an error."""

import gzip
import io
import random
import socket
import tarfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from local.github import identity
from local.github.running import LocalGitHub, running
from push_gate import commit_tree, dag_folder
from push_gate.blob_cache import BlobCache
from push_gate.commit_tree import CommitTrees
from push_gate.dag_folder import DagFolder
from push_gate.git_objects import object_id
from push_gate.github_api import GitHubApi, GitHubNotFoundError, GitHubResponseError, GitHubUnavailableError
from tests.integration.local_github.clone import Clone

TOKEN = "github_pat_local"
MANY = {f"dags/team{number % 7}/dag{number}.py": f"print({number})\n" for number in range(150)}
"""More than are fetched one by one."""


class Tokens:
    def token(self) -> str:
        return TOKEN

    def renew(self) -> str:
        return TOKEN


class Time:
    """Passes when somebody sleeps."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> float:
        return 1_800_000_000.0 + self.passed

    def left(self) -> float:
        return 240.0 - self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalGitHub, Clone]]:
    folder = tmp_path_factory.mktemp("github")
    with running(folder / "github") as github:
        github.tell("PUT", "/token", {"token": TOKEN})
        yield github, Clone.of(github.git_url, folder / "clone")


@pytest.fixture
def github(shared: tuple[LocalGitHub, Clone]) -> LocalGitHub:
    """One for all tests, so without its limit of a minute, and without faults."""
    faults(shared[0])
    return shared[0]


@pytest.fixture
def clone(shared: tuple[LocalGitHub, Clone], github: LocalGitHub) -> Clone:
    """Empty, as far as files go."""
    clone = shared[1]
    clone.git("rm", "--quiet", "-r", "-f", "--ignore-unmatch", ".")
    return clone


def faults(github: LocalGitHub, **wanted: Any) -> None:
    github.tell("PUT", "/faults", {"points_per_minute": None, **wanted})


def api_of(github: LocalGitHub, time: Time) -> GitHubApi:
    return GitHubApi(github.url, Tokens(), seconds_left=time.left, sleep=time.sleep, now=time.now)


@pytest.fixture
def trees(github: LocalGitHub, time: Time, tmp_path: Path) -> Iterator[CommitTrees]:
    with api_of(github, time) as api:
        yield CommitTrees(api, identity.REPOSITORY_ID, BlobCache(tmp_path / "blobs", 100_000_000))


class Asked:
    """How often for what, since it was made."""

    def __init__(self, github: LocalGitHub) -> None:
        self._github = github
        self._before = len(github.tell("GET", "/requests"))

    def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._github.tell("GET", "/requests")[self._before :]
        return found

    def blobs(self) -> int:
        return sum("/git/blobs/" in call["path"] for call in self.calls())

    def archives(self) -> int:
        return sum("/_codeload/" in call["path"] and call["status"] == 200 for call in self.calls())


@pytest.fixture
def asked(github: LocalGitHub) -> Asked:
    return Asked(github)


def pushed(clone: Clone, files: dict[str, str]) -> str:
    commit = clone.commit(dict(files))
    clone.push("--force")
    return commit


def read(trees: CommitTrees, commit: str, folder: str = "dags") -> dict[str, bytes]:
    found = dag_folder.read(trees, commit, folder, trees.folder_id(commit, folder))
    assert isinstance(found, DagFolder)
    return {path: entry.content for path, entry in found.tree.items() if entry.content is not None}


def as_git_has_it(clone: Clone, commit: str, folder: str = "dags") -> dict[str, bytes]:
    paths = clone.git("ls-tree", "-r", "--name-only", "-z", f"{commit}:{folder}").split("\0")
    return {
        path: (clone.git("cat-file", "blob", f"{commit}:{folder}/{path}") + "\n").encode() for path in paths if path
    }


EXPECTED = {path.removeprefix("dags/"): text.encode() for path, text in MANY.items()}


# ---- what is right ---------------------------------------------------------------------------------


def test_first_fetch_of_1200_files_keeps_to_github_s_limits(tmp_path: Path, time: Time) -> None:
    """Blob by blob, it would wait for the next minute."""
    files = {f"dags/team{number % 9}/dag{number}.py": f"x = {number}\n" * 40 for number in range(1200)}
    with running(tmp_path / "github") as github, api_of(github, time) as api:
        github.tell("PUT", "/token", {"token": TOKEN})
        clone = Clone.of(github.git_url, tmp_path / "clone")
        commit = pushed(clone, {**files, "README.md": "x"})
        trees = CommitTrees(api, identity.REPOSITORY_ID, BlobCache(tmp_path / "blobs", 100_000_000))
        asked = Asked(github)
        assert read(trees, commit) == {path.removeprefix("dags/"): text.encode() for path, text in files.items()}
        assert (asked.blobs(), asked.archives(), len(asked.calls()), time.passed) == (0, 1, 5, 0)
        again = Asked(github)
        read(trees, commit)
        assert (again.blobs(), again.archives()) == (0, 0)


def test_few_files_are_fetched_one_by_one(clone: Clone, trees: CommitTrees, asked: Asked) -> None:
    """Also of a large folder, where few of them are new."""
    files = {f"dags/{number}.py": f"of few {number}\n" for number in range(commit_tree.BLOBS)}
    assert len(read(trees, pushed(clone, files | {"dags/copy.py": "of few 0\n"}))) == len(files) + 1
    assert (asked.blobs(), asked.archives()) == (len(files), 0)
    read(trees, pushed(clone, files | {"dags/new.py": "new\n"}))
    assert (asked.blobs(), asked.archives()) == (len(files) + 1, 0)
    read(trees, pushed(clone, files | {f"dags/more{number}.py": f"more {number}\n" for number in range(101)}))
    assert (asked.blobs(), asked.archives()) == (len(files) + 1, 1)


@pytest.mark.parametrize("folder", ["dags", "/dags/", ""])
def test_folder_is_found_in_the_archive_however_it_is_written(
    clone: Clone, trees: CommitTrees, asked: Asked, folder: str
) -> None:
    commit = pushed(clone, MANY)
    assert len(read(trees, commit, folder)) == len(MANY)
    assert (asked.blobs(), asked.archives()) == (0, 1)


def test_attributes_that_change_or_leave_out_files_change_nothing(
    clone: Clone, trees: CommitTrees, asked: Asked
) -> None:
    special = {
        "dags/.gitattributes": "ignored/** export-ignore\nsubst.py export-subst\ncrlf.py eol=crlf\nident.py ident\n"
        "utf16.py working-tree-encoding=UTF-16\nlfs.bin filter=lfs\n",
        "dags/ignored/a.py": "import evil\n",
        "dags/subst.py": "commit = '$Format:%H$'\n",
        "dags/crlf.py": "a\nb\n",
        "dags/ident.py": "# $Id$\n",
        "dags/lfs.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    }
    commit = pushed(clone, MANY | special)
    found = read(trees, commit)
    assert found == EXPECTED | {path.removeprefix("dags/"): text.encode() for path, text in special.items()}
    assert asked.archives() == 1
    assert asked.blobs() == 4  # those that are left out or changed
    assert found == as_git_has_it(clone, commit)


def test_links_and_submodules_have_no_content(clone: Clone, trees: CommitTrees, asked: Asked) -> None:
    for path, text in MANY.items():
        (clone.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (clone.folder / path).write_text(text)
    (clone.folder / "dags" / "link.py").symlink_to("/etc/passwd")
    (clone.folder / "dags" / "long.py").symlink_to("x" * 200)
    clone.git("add", "--all")
    clone.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},dags/sub")
    clone.git("commit", "--quiet", "--message", "x")
    clone.push("--force")
    assert read(trees, clone.git("rev-parse", "HEAD")) == EXPECTED
    assert (asked.blobs(), asked.archives()) == (0, 1)


# ---- the token -------------------------------------------------------------------------------------


def test_token_never_reaches_the_second_host(clone: Clone, trees: CommitTrees, asked: Asked) -> None:
    read(trees, pushed(clone, MANY))
    calls = {
        ("/_codeload/" in call["path"], call["host"].partition(":")[0], call["authorization"]) for call in asked.calls()
    }
    assert calls == {(False, "127.0.0.1", "token"), (True, "localhost", "none")}


def test_second_host_would_refuse_the_token(github: LocalGitHub, clone: Clone) -> None:
    commit = pushed(clone, MANY)
    with pytest.raises(OSError, match="400"):
        _answer_of(f"{github.url.replace('127.0.0.1', 'localhost')}/_codeload/farflow/dags/legacy.tar.gz/{commit}")


def _answer_of(url: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"}), timeout=10) as answer:
        found: bytes = answer.read()
        return found


# ---- what is wrong ---------------------------------------------------------------------------------


def tampered(original: bytes, change: Callable[[str, bytes], list[tuple[tarfile.TarInfo, bytes]]]) -> bytes:
    """An archive whose files are those that `change` makes of each."""
    target = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(original), mode="r:gz") as before,
        tarfile.open(fileobj=target, mode="w:gz", compresslevel=1) as after,
    ):
        for member in before:
            content = before.extractfile(member) if member.isreg() else None
            if content is None:
                after.addfile(member)
                continue
            for made, text in change(member.name, content.read()):
                after.addfile(made, io.BytesIO(text))
    return target.getvalue()


def file(name: str, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    return member, content


def evil(content: bytes) -> bytes:
    """As long as the right one."""
    return b"X" * len(content)


def special(name: str, kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    return member, b""


CHANGES: dict[str, Callable[[str, bytes], list[tuple[tarfile.TarInfo, bytes]]]] = {
    "other contents": lambda name, content: [file(name, evil(content))],
    "other contents first": lambda name, content: [file(name, evil(content)), file(name, content)],
    "other contents last": lambda name, content: [file(name, content), file(name, evil(content))],
    "nothing": lambda name, content: [],
    "absolute": lambda name, content: [file(f"/{name}", evil(content))],
    "parent": lambda name, content: [file(f"../../{name}", evil(content)), file(name, content)],
    "symlinks": lambda name, content: [special(name, tarfile.SYMTYPE)],
    "hard links": lambda name, content: [special(name, tarfile.LNKTYPE)],
    "devices": lambda name, content: [special(name, tarfile.CHRTYPE)],
    "more files": lambda name, content: [file(name, content), file(f"{name}.evil.py", b"X")],
    "contents of others": lambda name, content: [file(name, b"print(1)\n")],
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_archive_that_somebody_changed_changes_nothing(
    github: LocalGitHub, clone: Clone, trees: CommitTrees, asked: Asked, tmp_path: Path, name: str
) -> None:
    commit = pushed(clone, MANY)
    place = tmp_path / "archive"
    top = f"farflow-dags-{commit[:7]}/"
    _write_archive(clone, commit, top, place)
    place.write_bytes(tampered(place.read_bytes(), CHANGES[name]))
    faults(github, archives_from=str(place))
    assert read(trees, commit) == EXPECTED
    assert asked.archives() == 1
    for path in (tmp_path / "blobs").iterdir():
        assert object_id("blob", path.read_bytes(), path.name) == path.name


def _write_archive(clone: Clone, commit: str, top: str, place: Path) -> None:
    clone.git("archive", "--format=tar.gz", f"--prefix={top}", f"--output={place}", commit)


USELESS: dict[str, dict[str, Any]] = {
    "cut off": {"cut_archives": 1},
    "bomb": {"bomb_archives": 1},
    "refused": {"api": [{"count": 1, "status": 404, "call": "/tarball/"}]},
    "forbidden": {"api": [{"count": 1, "status": 403, "call": "/tarball/"}]},
    "never answered": {"api": [{"count": 99, "status": 0, "call": "/tarball/"}]},
    "out of order": {"api": [{"count": 99, "status": 502, "call": "/tarball/"}]},
    "too many requests": {"api": [{"count": 9, "status": 429, "headers": {"retry-after": "70"}, "call": "/tarball/"}]},
}


@pytest.mark.parametrize("name", sorted(USELESS))
def test_archive_of_no_use_changes_nothing(
    github: LocalGitHub, clone: Clone, trees: CommitTrees, asked: Asked, time: Time, name: str
) -> None:
    commit = pushed(clone, MANY)
    faults(github, **USELESS[name])
    assert read(trees, commit) == EXPECTED
    assert 0 < asked.blobs() <= len(MANY)
    assert time.passed <= 120  # the half that the archive has


def test_archive_of_another_commit_gives_what_both_have(
    github: LocalGitHub, clone: Clone, trees: CommitTrees, asked: Asked
) -> None:
    changed = {path: text.replace("print", "evil!") for path, text in list(MANY.items())[:20]}
    other = pushed(clone, MANY | changed)
    commit = pushed(clone, MANY)
    faults(github, archives_of=other)
    assert read(trees, commit) == EXPECTED
    assert asked.blobs() == 20


@pytest.mark.parametrize("content", [b"", b"<html>", gzip.compress(b"no tar" * 1000)])
def test_garbage_changes_nothing(
    github: LocalGitHub, clone: Clone, trees: CommitTrees, asked: Asked, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "garbage").write_bytes(content)
    commit = pushed(clone, MANY)
    faults(github, archives_from=str(tmp_path / "garbage"))
    assert read(trees, commit) == EXPECTED
    assert asked.blobs() == len(MANY)


def test_archive_that_is_cut_off_is_worth_what_came_of_it(
    github: LocalGitHub, clone: Clone, trees: CommitTrees, asked: Asked
) -> None:
    """All but the last 200 kB, which wait in buffers."""
    chance = random.Random(3)
    files = {f"dags/{number}.py": chance.randbytes(4000).hex() for number in range(200)}
    commit = pushed(clone, files)
    faults(github, cut_archives=1)
    assert read(trees, commit) == {path.removeprefix("dags/"): text.encode() for path, text in files.items()}
    assert 100 <= asked.blobs() < 175


def test_archive_is_read_no_further_than_there_is_something_to_find(
    github: LocalGitHub, clone: Clone, trees: CommitTrees, caplog: pytest.LogCaptureFixture
) -> None:
    """A repository may have much else."""
    commit = pushed(clone, MANY | {"much else": random.Random(4).randbytes(500_000).hex()})
    faults(github, cut_archives=1)
    assert read(trees, commit) == EXPECTED
    assert "archive" not in caplog.text
    (clone.folder / "much else").unlink()


def test_neither_archive_nor_blobs_is_the_same_error_as_ever(
    github: LocalGitHub, clone: Clone, trees: CommitTrees
) -> None:
    commit = pushed(clone, MANY)
    no_blobs = {"count": 999, "status": 429, "headers": {"retry-after": "3600"}, "call": "/git/blobs/"}
    faults(github, cut_archives=1, api=[no_blobs])
    with pytest.raises(GitHubUnavailableError):
        read(trees, commit)


# ---- downloads -------------------------------------------------------------------------------------


class Scripted:
    """A server that answers each connection with the next of `answers`, in pieces, and notes how many it got rid of."""

    def __init__(self, *answers: list[bytes]) -> None:
        self._answers = answers
        self.sent = 0
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._socket.shutdown(socket.SHUT_RDWR)  # whoever waits for a connection gets none
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        for answer in self._answers:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.recv(65536)
                for piece in answer:
                    try:
                        connection.sendall(piece)
                    except ConnectionError:
                        break
                    self.sent += 1
                    self._stopped.wait(0.01 if len(answer) > 9 else 0)


class Clock:
    """Says that there is time left so many times."""

    def __init__(self, times: int) -> None:
        self._times = times

    def left(self) -> float:
        self._times -= 1
        return 20.0 if self._times > 0 else 0.0


def slow_api(url: str, clock: Clock) -> GitHubApi:
    return GitHubApi(url, Tokens(), seconds_left=clock.left, sleep=lambda _: None, now=lambda: 0.0)


TRICKLE = [b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n", *[b" "] * 400]


def test_answer_that_trickles_is_given_up_when_the_time_is() -> None:
    with Scripted(TRICKLE) as server, slow_api(server.url, Clock(20)) as api:
        with pytest.raises(GitHubUnavailableError, match="time was up"):
            api.get("/x")
        assert server.sent < 200


def test_download_that_trickles_is_given_up_when_the_time_is() -> None:
    with (
        Scripted(TRICKLE) as server,
        slow_api(server.url, Clock(20)) as api,
        io.BufferedReader(api.download("/x")) as download,
    ):
        with pytest.raises(GitHubUnavailableError, match="time was up"):
            download.read()
        assert server.sent < 200


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}"]
)  # fmt: skip
def test_answer_that_is_cut_off_is_none(head: bytes) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with Scripted([head], [whole]) as server, slow_api(server.url, Clock(100)) as api:
        assert api.get("/x") == {}
        assert server.connections == 2
    with (
        Scripted([head]) as server,
        slow_api(server.url, Clock(100)) as api,
        io.BufferedReader(api.download("/x")) as download,
        pytest.raises(GitHubUnavailableError, match="cut off"),
    ):
        download.read()


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/meta-data", "https://localhost/x", "file:///etc/passwd"]
)
def test_download_is_not_followed_to_where_it_is_not_safe(target: str) -> None:
    redirect = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
    with (
        Scripted([redirect]) as server,
        slow_api(server.url, Clock(100)) as api,
        pytest.raises(GitHubResponseError, match="redirect to"),
    ):
        api.download("/x")


def test_download_that_is_refused_is_the_error_of_its_status() -> None:
    gone = b"HTTP/1.1 404 Not Found\r\nContent-Length: 14\r\n\r\n404: Not Found"
    with (
        Scripted([gone]) as server,
        slow_api(server.url, Clock(100)) as api,
        pytest.raises(GitHubNotFoundError, match="404"),
    ):
        api.download("/x")
