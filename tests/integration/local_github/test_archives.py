"""Archives: a link of the API, and what is behind it on the other host."""

import http.client
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.github import codeload, identity
from local.github.access import NOBODY
from local.github.exchange import Request
from local.github.running import LocalGitHub
from local.github.site import open_site
from tests.integration.local_github import published
from tests.integration.local_github.clone import Clone
from tests.integration.local_github.conftest import TOKEN, Client


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes


def get(url: str, **headers: str) -> Answer:
    """One request; a redirect is not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers={"User-Agent": "x", **headers})
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, told, response.read())
    finally:
        connection.close()


def link(github: LocalGitHub, ref: str, path: str = f"/repositories/{identity.REPOSITORY_ID}") -> str:
    """Where the archive is."""
    answer = get(f"{github.url}{path}/tarball/{ref}", Authorization=f"Bearer {TOKEN}")
    published.check_answer("GET", f"{path}/tarball/{ref}", answer.status, None)
    assert (answer.status, answer.content) == (302, b"")
    return answer.headers["location"]


def members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        files = {each.name: archive.extractfile(each) for each in archive if each.isreg()}
        return {name: content.read() for name, content in files.items() if content}


@pytest.fixture
def sha(clone: Clone, person: Client) -> str:
    files = {".gitattributes": "b.py export-ignore\nc.py export-subst\n", "b.py": "b\n", "c.py": "$Format:%H$\n"}
    sha = clone.commit({"dags/a.py": "a\n", **files})
    clone.push()
    return sha


@pytest.mark.parametrize("path", ["/repos/farflow/dags", f"/repositories/{identity.REPOSITORY_ID}"])
@pytest.mark.parametrize("ref", ["main", "refs/heads/main", None])
def test_archive_is_what_git_makes_of_the_commit_in_one_folder(
    github: LocalGitHub, sha: str, ref: str | None, path: str
) -> None:
    found = link(github, ref or sha, path)
    assert urlsplit(found).hostname != urlsplit(github.url).hostname
    answer = get(found)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/x-gzip")
    top = f"farflow-dags-{sha[:7]}"
    assert members(answer.content) == {
        f"{top}/.gitattributes": b"b.py export-ignore\nc.py export-subst\n",
        f"{top}/dags/a.py": b"a\n",
        f"{top}/c.py": f"{sha}\n".encode(),
    }


def test_link_is_for_who_may_read_contents(github: LocalGitHub, sha: str) -> None:
    path = f"{github.url}/repositories/{identity.REPOSITORY_ID}/tarball/{sha}"
    assert get(path).status == 404
    github.tell("PUT", "/token", {"token": "other", "permissions": {"statuses": "write"}})
    assert get(path, Authorization="Bearer other").status == 403


def test_second_host_takes_the_link_s_token_and_no_other_credentials(github: LocalGitHub, sha: str) -> None:
    found = link(github, sha)
    assert get(found, Authorization=f"Bearer {TOKEN}").status == 400
    assert get(found.partition("?")[0]).status == 404
    assert get(f"{found}x").status == 404
    other = link(github, "main")
    assert get(f"{found.partition('?')[0]}?{other.partition('?')[2]}").status == 404
    assert get(found).status == 200


def test_link_to_what_there_is_not_leads_nowhere(github: LocalGitHub, sha: str) -> None:
    assert get(link(github, "1" * 40)).status == 404


def test_link_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = open_site("http://127.0.0.1:1", tmp_path / "site", "farflow/dags")
    site.repository.fetch(str(_repository(tmp_path / "other")), "HEAD", "refs/heads/main")
    for seconds, status in ((300, 200), (-1, 404)):
        monkeypatch.setattr(codeload, "LINK_SECONDS", seconds)
        parts = urlsplit(codeload.link(site, "main"))
        assert codeload._answer(site, Request("GET", parts.path, parts.query, {}, b"", NOBODY, {}))[0] == status
    site.store._connection.close()


def _repository(folder: Path) -> Path:
    folder.mkdir()
    clone = Clone(folder)
    clone.git("init", "--quiet")
    clone.commit({"a": "1"})
    return folder


def test_calls_are_listed_without_the_link_s_token(github: LocalGitHub, sha: str) -> None:
    get(link(github, sha))
    first, second = github.tell("GET", "/requests")[-2:]
    assert (first["path"], first["authorization"]) == (f"/repositories/{identity.REPOSITORY_ID}/tarball/{sha}", "token")
    assert second["path"] == f"/_codeload/farflow/dags/legacy.tar.gz/{sha}?token=…"
    assert (second["host"].partition(":")[0], second["authorization"]) == ("localhost", "none")


def test_archive_can_end_in_its_middle(github: LocalGitHub, sha: str) -> None:
    github.tell("PUT", "/faults", {"cut_archives": 1})
    with pytest.raises(http.client.IncompleteRead):
        get(link(github, sha))
    assert get(link(github, sha)).status == 200


def test_archive_can_be_a_bomb(github: LocalGitHub, sha: str) -> None:
    github.tell("PUT", "/faults", {"bomb_archives": 1})
    content = get(link(github, sha)).content
    with tarfile.open(fileobj=io.BytesIO(content), mode="r|gz") as archive:
        member = archive.next()
    assert member is not None
    assert member.size > 1000 * len(content) * 0.9


def test_archive_can_be_another_one(github: LocalGitHub, clone: Clone, sha: str, tmp_path: Path) -> None:
    other = clone.commit({"dags/a.py": "another\n"})
    clone.push()
    github.tell("PUT", "/faults", {"archives_of": other})
    assert members(get(link(github, sha)).content)[f"farflow-dags-{sha[:7]}/dags/a.py"] == b"another\n"
    (tmp_path / "file").write_bytes(b"anything")
    github.tell("PUT", "/faults", {"archives_from": str(tmp_path / "file")})
    assert get(link(github, sha)).content == b"anything"
