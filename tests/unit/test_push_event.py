"""What each delivery of GitHub asks for: `push_webhook.push_event`. Rows are numbered as in the push gate's state table."""

import copy
from typing import Any

import jsonschema
import pytest

from control_plane.push_work import PushWork
from push_webhook.push_event import Configuration, Verdict, classify
from tests.github_payloads import NO_COMMIT, REPOSITORY, a_check, a_pull_request, a_push, examples, schema

CONFIGURATION = Configuration(REPOSITORY, "master")
DELIVERY = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
MASTER = "refs/heads/master"
FORK = {"id": 5, "full_name": "stranger/Hello-World"}


def decide(event: str, payload: Any, configuration: Configuration = CONFIGURATION) -> Verdict:
    return classify(event, DELIVERY, payload, configuration)


def work(event: str, payload: Any) -> PushWork:
    verdict = decide(event, payload)
    assert (verdict.status, verdict.word) == (202, "accepted"), verdict
    assert verdict.work is not None
    return verdict.work


DELETED = {"after": NO_COMMIT, "deleted": True, "head_commit": None, "commits": []}

# row of the table, event, payload, status, word
TABLE: list[tuple[str, str, Any, int, str]] = [
    ("07 ping", "ping", examples()["ping"][0], 200, "pong"),
    ("08 other event", "star", examples()["star"][0], 200, "ignored"),
    ("08 unknown event", "no_such_event", {}, 200, "ignored"),
    ("08 no event", "", {}, 200, "ignored"),
    ("08 other action", "pull_request", a_pull_request("labeled"), 200, "ignored"),
    ("08 other action of a check", "check_run", a_check() | {"action": "completed"}, 200, "ignored"),
    ("12 tag", "push", a_push(ref="refs/tags/v1"), 200, "ignored"),
    ("12 deleted tag", "push", a_push(ref="refs/tags/v1", **DELETED), 200, "ignored"),
    ("12 neither branch nor tag", "push", a_push(ref="refs/notes/commits"), 200, "ignored"),
    ("13 deleted branch", "push", a_push(ref="refs/heads/x", **DELETED), 200, "deleted"),
    ("13 deleted deploy branch", "push", a_push(**DELETED), 200, "deleted"),
    ("14 new branch", "push", a_push(ref="refs/heads/x", before=NO_COMMIT, created=True), 202, "accepted"),
    ("15 other branch", "push", a_push(ref="refs/heads/x"), 202, "accepted"),
    ("15 merge queue", "push", a_push(ref="refs/heads/gh-readonly-queue/master/pr-1-a"), 202, "accepted"),
    ("16 deploy branch", "push", a_push(), 202, "accepted"),
    ("17 forced", "push", a_push(forced=True), 202, "accepted"),
    ("18 no commits", "push", a_push(commits=[], head_commit=None), 202, "accepted"),
    ("19 lists at their caps", "push", a_push(commits=a_push()["commits"] * 2048), 202, "accepted"),
    ("21 pull request of a branch", "pull_request", a_pull_request("opened"), 200, "ignored"),
    ("21 pushed to", "pull_request", a_pull_request("synchronize"), 200, "ignored"),
    ("21 reopened", "pull_request", a_pull_request("reopened"), 200, "ignored"),
    ("22 of a fork", "pull_request", a_pull_request(head_repository=FORK), 202, "accepted"),
    ("22 of a fork, closed", "pull_request", a_pull_request("closed", head_repository=FORK), 200, "ignored"),
    ("23 check run", "check_run", a_check(), 202, "accepted"),
    ("23 check suite", "check_suite", a_check("check_suite"), 202, "accepted"),
]


@pytest.mark.parametrize(("row", "event", "payload", "status", "word"), TABLE, ids=[row[0] for row in TABLE])
def test_table(row: str, event: str, payload: Any, status: int, word: str) -> None:
    verdict = decide(event, payload)
    assert (verdict.status, verdict.word) == (status, word)
    assert (verdict.work is not None) == (status == 202)


@pytest.mark.parametrize(
    "payload",
    [a_push(), a_push(forced=True), a_push(**DELETED), a_push(commits=a_push()["commits"] * 2048)],
    ids=["ordinary", "forced", "deleted", "many commits"],
)
def test_pushes_that_are_made_up_are_what_github_may_send(payload: Any) -> None:
    jsonschema.validate(payload, schema("push$event"))


def test_pull_request_of_a_fork_that_is_made_up_is_what_github_may_send() -> None:
    jsonschema.validate(a_pull_request(head_repository=FORK), schema("pull_request$opened"))


def test_push_tells_what_is_needed_and_nothing_else() -> None:
    payload = a_push(forced=True) | {"installation": {"id": 957387}}
    assert work("push", payload) == PushWork(
        delivery=DELIVERY,
        event="push",
        repository_id=payload["repository"]["id"],
        installation_id=957387,
        ref=MASTER,
        before="1" * 40,
        after="a" * 40,
        forced=True,
        trusted=True,
    )


def test_push_without_an_app_names_no_installation() -> None:
    payload = a_push()
    payload.pop("installation", None)
    assert work("push", payload).installation_id is None


def test_commit_of_a_fork_is_not_trusted() -> None:
    found = work("pull_request", a_pull_request(head_repository=FORK))
    assert not found.trusted
    assert found.ref == f"refs/pull/{a_pull_request()['number']}/head"
    assert found.after == a_pull_request()["pull_request"]["head"]["sha"]
    assert found.before == ""


def test_fork_that_is_gone_is_not_trusted() -> None:
    payload = a_pull_request()
    payload["pull_request"]["head"]["repo"] = None
    assert not work("pull_request", payload).trusted


@pytest.mark.parametrize("name", [REPOSITORY, "someone/else"])
def test_fork_cannot_pass_for_the_repository_by_its_name(name: str) -> None:
    assert not work("pull_request", a_pull_request(head_repository={"id": 5, "full_name": name})).trusted


@pytest.mark.parametrize("event", ["check_run", "check_suite"])
def test_check_asked_for_again_is_trusted_only_where_github_knows_its_branch(event: str) -> None:
    """It knows none for a fork's commits."""
    known, unknown = work(event, a_check(event)), work(event, a_check(event, branch=None))
    assert (known.ref, known.trusted) == ("refs/heads/changes", True)
    assert (unknown.ref, unknown.trusted) == ("", False)
    assert known.after == a_check(event)[event]["head_sha"]


def test_only_the_deploy_branch_s_deletion_is_an_alarm() -> None:
    assert decide("push", a_push(**DELETED)).metric == "DeployBranchDeleted"
    assert decide("push", a_push(ref="refs/heads/x", **DELETED)).metric is None
    assert decide("push", a_push(ref="refs/heads/master/x", **DELETED)).metric is None


def test_either_sign_of_a_deletion_is_one() -> None:
    assert decide("push", a_push(after=NO_COMMIT)).word == "deleted"
    assert decide("push", a_push(deleted=True)).word == "deleted"


@pytest.mark.parametrize("event", ["push", "pull_request", "check_run", "check_suite"])
def test_other_repository_is_ignored_and_counted(event: str) -> None:
    payload = {"push": a_push(), "pull_request": a_pull_request()}.get(event) or a_check(event)
    verdict = decide(event, payload, Configuration("someone/else", "master"))
    assert (verdict.status, verdict.word, verdict.metric) == (200, "ignored", "UnknownRepository")
    assert verdict.work is None


def test_repository_s_name_has_no_case() -> None:
    assert decide("push", a_push(), Configuration(REPOSITORY.upper(), "master")).status == 202


def test_urls_of_a_payload_do_not_matter() -> None:
    """What is fetched later is built from numbers: a payload cannot send the gate elsewhere."""

    def poisoned(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: "http://169.254.169.254/" if key.endswith("url") else poisoned(entry)
                for key, entry in value.items()
            }
        return [poisoned(entry) for entry in value] if isinstance(value, list) else value

    assert work("push", poisoned(a_push())) == work("push", a_push())
    assert "169.254" not in work("push", poisoned(a_push())).to_json()


@pytest.mark.parametrize("delivery", ["", "a b", "../x", "x" * 65, "é", "72d3162e\n"])
def test_delivery_without_a_proper_id_is_refused(delivery: str) -> None:
    assert classify("push", delivery, a_push(), CONFIGURATION).status == 400


def paths(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return [path]
    return [path, *(found for key, entry in value.items() for found in paths(entry, (*path, key)))][
        1 if not path else 0 :
    ]


@pytest.mark.parametrize("wrong", [None, 5, "x", [], {}, True, -1, "refs/heads/\ud800"], ids=repr)
@pytest.mark.parametrize(
    ("event", "payload"),
    [("push", a_push()), ("pull_request", a_pull_request(head_repository=FORK)), ("check_run", a_check())],
    ids=["push", "pull_request", "check_run"],
)
def test_field_of_another_type_never_raises(event: str, payload: Any, wrong: Any) -> None:
    """Whatever one field is instead: an answer, and no work that a field of another type went into."""
    for path in paths(payload):
        changed = copy.copy(payload)
        inside = changed
        for name in path[:-1]:
            inside[name] = copy.copy(inside[name])
            inside = inside[name]
        inside[path[-1]] = wrong
        assert decide(event, changed).status in (200, 202, 400), path


@pytest.mark.parametrize(
    ("event", "payload", "path"),
    [
        ("push", a_push(), "ref"),
        ("push", a_push(), "before"),
        ("push", a_push(), "after"),
        ("push", a_push(), "forced"),
        ("push", a_push(), "deleted"),
        ("push", a_push(), "repository"),
        ("pull_request", a_pull_request(), "action"),
        ("pull_request", a_pull_request(head_repository=FORK), "number"),
        ("check_suite", a_check("check_suite"), "check_suite"),
    ],
)
def test_missing_field_is_named(event: str, payload: Any, path: str) -> None:
    del payload[path]
    verdict = decide(event, payload)
    assert (verdict.status, verdict.word) == (400, "malformed")
    assert verdict.reason.startswith(path)


@pytest.mark.parametrize("payload", [None, [], "x", 5, True])
def test_payload_that_is_no_object_is_malformed(payload: Any) -> None:
    assert decide("push", payload).status == 400
