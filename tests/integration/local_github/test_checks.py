"""Check runs, their annotations, and what is refused."""

from typing import Any

import pytest

from tests.integration.local_github import published
from tests.integration.local_github.clone import Clone
from tests.integration.local_github.conftest import Client
from tests.integration.local_github.receiver import Receiver


def annotation(line: int = 1, **more: Any) -> dict[str, Any]:
    said = {"path": "dags/a.py", "start_line": line, "end_line": line, "annotation_level": "failure", "message": "bad"}
    return said | more


def output(annotations: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"output": {"title": "Blocked", "summary": "Some findings", "annotations": annotations} | more}


@pytest.fixture
def sha(clone: Clone) -> str:
    """A pushed commit."""
    sha = clone.commit({"dags/a.py": "1"})
    clone.push()
    return sha


def test_check_run_goes_from_queued_to_its_conclusion(installation: Client, sha: str) -> None:
    run = installation.send("POST", "check-runs", {"name": "lint", "head_sha": sha, "external_id": "delivery-1"})
    assert (run["status"], run["conclusion"], run["completed_at"]) == ("queued", None, None)
    assert (run["head_sha"], run["external_id"]) == (sha, "delivery-1")
    path = f"check-runs/{run['id']}"
    assert installation.send("PATCH", path, {"status": "in_progress"})["status"] == "in_progress"
    done = installation.send("PATCH", path, {"conclusion": "failure", **output([annotation()])})
    assert (done["status"], done["conclusion"], done["output"]["annotations_count"]) == ("completed", "failure", 1)
    assert done["completed_at"]
    assert installation.get(path) == done
    again = installation.send("PATCH", path, {"status": "in_progress"})
    assert (again["conclusion"], again["completed_at"]) == (None, None)


def test_patch_leaves_what_it_does_not_name(installation: Client, sha: str) -> None:
    run = installation.send("POST", "check-runs", {"name": "lint", "head_sha": sha, **output([], text="Details")})
    changed = installation.send("PATCH", f"check-runs/{run['id']}", {"output": {"title": "T", "summary": "S"}})
    assert (changed["name"], changed["output"]["title"]) == ("lint", "T")
    assert changed["output"]["text"] == "Details"


def test_annotations_of_many_requests_add_up(installation: Client, sha: str) -> None:
    first = [annotation(line) for line in range(1, 51)]
    run = installation.send("POST", "check-runs", {"name": "lint", "head_sha": sha, **output(first)})
    for start in (51, 101):
        more = [annotation(line) for line in range(start, min(start + 50, 121))]
        run = installation.send("PATCH", f"check-runs/{run['id']}", output(more))
    assert run["output"]["annotations_count"] == 120
    path = f"check-runs/{run['id']}/annotations?per_page=100"
    reply = installation.call("GET", path)
    following = reply.headers["link"].partition(">")[0].removeprefix(f"<{installation.github.url}")
    found = [*reply.body, *installation.get(following)]
    assert [each["start_line"] for each in found] == list(range(1, 121))
    assert len(installation.get(f"check-runs/{run['id']}/annotations")) == 30


TOO_MANY = [annotation(line) for line in range(1, 52)]


MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, '"name" wasn\'t supplied.'),
    ({"head_sha": None}, '"head_sha" wasn\'t supplied.'),
    ({"head_sha": "1" * 40}, "No commit found for SHA"),
    ({"status": "done"}, "is not a member of"),
    ({"status": "completed"}, '"conclusion" wasn\'t supplied.'),
    ({"conclusion": "stale"}, "is not a member of"),
    ({"external_id": 1}, "is not a string"),
    ({"output": "text"}, "not an object"),
    ({"output": {"title": "T"}}, '"summary" wasn\'t supplied.'),
    ({"output": {}}, '"title", "summary" weren\'t supplied.'),
    (output([], summary="x" * 65_536), "Only 65535 characters are allowed; 65536 were supplied."),
    (output([], text="x" * 65_536), "Only 65535 characters are allowed; 65536 were supplied."),
    (output(TOO_MANY), "No more than 50 items are allowed; 51 were supplied."),
    (output([{"path": "a"}]), "weren't supplied."),
    (output([annotation(annotation_level="error")]), "is not a member of"),
    (output([annotation(start_line=0)]), "not an integer of at least 1"),
    (output([annotation(start_line="1")]), "not an integer of at least 1"),
    (output([annotation(2, end_line=1)]), "Validation Failed"),
    (output([annotation(1, end_line=2, start_column=3)]), "Validation Failed"),
    (output([annotation(message="x" * 65_537)]), "Validation Failed"),
    (output([annotation(title="x" * 256)]), "Validation Failed"),
]


def test_malformed_check_run_is_refused_and_nothing_is_kept(installation: Client, sha: str) -> None:
    for said, message in MALFORMED:
        body = {name: value for name, value in ({"name": "lint", "head_sha": sha} | said).items() if value is not None}
        reply = installation.call("POST", "check-runs", body)
        assert (reply.status, message in reply.body["message"]) == (422, True), (str(said)[:200], reply.body)
    assert installation.get(f"commits/{sha}/check-runs")["total_count"] == 0


def test_columns_are_kept_on_one_line(installation: Client, sha: str) -> None:
    said = annotation(start_column=3, end_column=9, title="FL101", raw_details="r")
    run = installation.send("POST", "check-runs", {"name": "lint", "head_sha": sha, **output([said])})
    [found] = installation.get(f"check-runs/{run['id']}/annotations")
    assert {name: found[name] for name in said} == said


def test_body_that_is_no_json_is_a_bad_request(installation: Client, sha: str) -> None:
    assert installation.call("POST", "check-runs", b"{").body["message"] == "Problems parsing JSON"
    assert installation.call("POST", "check-runs", b"[]").status == 400


def test_runs_of_a_commit_are_found_by_name_the_newest_first(installation: Client, sha: str) -> None:
    made = [
        installation.send("POST", "check-runs", {"name": name, "head_sha": sha})["id"]
        for name in ("lint", "other", "lint")
    ]
    latest = installation.get(f"commits/{sha}/check-runs")
    assert (latest["total_count"], [run["id"] for run in latest["check_runs"]]) == (2, [made[2], made[1]])
    named = installation.get("commits/main/check-runs?check_name=lint&filter=all")
    assert [run["id"] for run in named["check_runs"]] == [made[2], made[0]]
    suites = {run["check_suite"]["id"] for run in latest["check_runs"]}
    assert len(suites) == 1


@pytest.mark.parametrize("of", ["run", "commit"])
def test_rerequest_is_told_and_changes_nothing(installation: Client, sha: str, receiver: Receiver, of: str) -> None:
    said = {"name": "lint", "head_sha": sha, "conclusion": "failure", **output([])}
    run = installation.send("POST", "check-runs", said)
    wanted = {"check_run_id": run["id"]} if of == "run" else {"head_sha": sha}
    installation.github.tell("POST", "/rerequest", wanted)
    event = "check_run" if of == "run" else "check_suite"
    [received] = receiver.wait(1, event)
    published.check_payload(event, received.payload)
    assert received.payload["action"] == "rerequested"
    assert received.payload[event]["head_sha"] == sha
    suite = received.payload[event]["check_suite"] if of == "run" else received.payload[event]
    assert suite["head_branch"] == "main"
    assert installation.get(f"check-runs/{run['id']}") == run


def test_status_of_each_context_makes_the_combined_one(installation: Client, sha: str) -> None:
    def combined() -> Any:
        return installation.get(f"commits/{sha}/status")

    assert (combined()["state"], combined()["total_count"]) == ("pending", 0)
    for context, state, expected in (
        ("farflow", "pending", "pending"),
        ("other", "success", "pending"),
        ("farflow", "error", "failure"),
        ("Farflow", "success", "success"),
    ):
        status = installation.send("POST", f"statuses/{sha}", {"state": state, "context": context, "description": "d"})
        assert (status["state"], status["creator"]["type"]) == (state, "Bot")
        assert combined()["state"] == expected
    assert combined()["total_count"] == 2
    history = installation.get(f"commits/{sha}/statuses")
    assert [each["state"] for each in history] == ["success", "error", "success", "pending"]


def test_malformed_status_is_refused(installation: Client, sha: str) -> None:
    for said, name in (
        ({"state": "done"}, "state"),
        ({}, "state"),
        ({"state": "error", "description": "x" * 141}, "description"),
    ):
        reply = installation.call("POST", f"statuses/{sha}", said)
        assert (reply.status, reply.body["message"]) == (422, "Validation Failed")
        assert reply.body["errors"][0]["field"] == name
    assert installation.call("POST", f"statuses/{'1' * 40}", {"state": "error"}).status == 422
    assert installation.get(f"commits/{sha}/statuses") == []
    installation.send("POST", f"statuses/{sha}", {"state": "error", "description": "x" * 140})


def test_page_shows_the_verdict_to_a_person(installation: Client, sha: str, clone: Clone) -> None:
    page = f"/farflow/dags/commit/{sha}"
    assert "No verdict yet." in installation.github.api(f"{page}?format=text").content.decode()
    said = [annotation(3, title="FL101", message="<script>alert(1)</script>\x1b[2J\nMend it")]
    done = {"name": "lint", "head_sha": sha, "conclusion": "failure", **output(said)}
    run = installation.send("POST", "check-runs", done)
    installation.send("POST", f"statuses/{sha}", {"state": "success", "context": "other", "description": "fine"})
    text = installation.github.api(f"{page}?format=text").content.decode()
    assert "FAILURE  lint: Blocked\n  Some findings\n  dags/a.py:3  failure  FL101: <script>" in text
    assert "</script>\N{REPLACEMENT CHARACTER}[2J\n    Mend it\n" in text
    assert "SUCCESS  other: fine\n" in text
    html = installation.github.api(page)
    assert html.headers["content-type"].startswith("text/html")
    assert b"<script>" not in html.content
    assert b"dags/a.py:3" in html.content
    assert run["html_url"].startswith(f"{installation.github.url}{page}")
    assert installation.github.api("/farflow/dags/commit/nothing").status == 404
