"""What becomes of a push: the verdict on the commit, and what is published of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local import layout
from local.github import identity
from push_gate import judgement_text
from push_gate.github_api import GitHubError, GitHubUnavailableError
from push_gate.sandbox import SandboxUnavailableError
from tests.integration.push_gate.conftest import GOOD, IMPORTED, World

Push = Callable[..., str]

UNCALLED = GOOD.format(number=1).removesuffix("report()\n").rstrip() + "\n"
"""A DAG that is never made: FL202, which no commit can except for itself."""

UNUSED = "import json\n" + GOOD.format(number=1)
"""F401: blocks, and can be excepted."""


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_good_commit_is_told_so_and_published(world: World, pushed: Push) -> None:
    world.sandbox.is_real = True
    files = {
        "report.py": GOOD.format(number=1),
        "sql/rows.sql": "select 1\n",
        ".hidden": "x",
        ".airflowignore": "no/\n",
    }
    commit = pushed(files)
    check = world.check(commit)
    assert (check["status"], check["conclusion"]) == ("completed", "success")
    newest = world.releases.newest()
    assert newest is not None
    assert f"published {newest.release.id}" in check["output"]["title"]
    assert newest.release.commit == commit
    assert world.newest() == {path: sha256(files[path]) for path in files if path != ".hidden"}
    assert world.sandbox.tenants == [world.clone.git("rev-parse", f"{commit}:dags")]


def test_executable_file_stays_one(world: World, pushed: Push) -> None:
    world.clone.commit({"dags/run.sh": "true\n"})
    (world.clone.folder / "dags/run.sh").chmod(0o755)
    pushed({"report.py": GOOD.format(number=1)})
    newest = world.releases.newest()
    assert newest is not None
    assert {file.path: file.executable for file in newest.release.files} == {"report.py": False, "run.sh": True}


def test_bad_commit_gets_annotations_and_nothing_is_published(world: World, pushed: Push) -> None:
    pushed({"report.py": GOOD.format(number=1)})
    before = world.newest()
    commit = pushed({"other.py": UNCALLED, "broken.py": "def f(:\n"})
    check = world.check(commit)
    assert (check["conclusion"], check["output"]["title"]) == ("failure", "failed: 2 that block")
    assert "Nothing of this commit is published" in check["output"]["summary"]
    assert [each.split(" ", 1)[0] for each in world.annotations(commit)] == ["dags/broken.py:1", "dags/other.py:5"]
    assert world.newest() == before


def test_what_only_an_import_shows_blocks(world: World, pushed: Push) -> None:
    world.sandbox.is_real = True
    commit = pushed({"report.py": "import not_there  # noqa: F401\n" + GOOD.format(number=1)})
    assert world.annotations(commit) == ["dags/report.py:1 failure FL301"]
    assert world.newest() == {}


def test_many_findings_are_all_annotated(world: World, pushed: Push) -> None:
    """In batches of fifty, as GitHub takes them."""
    commit = pushed({"report.py": "".join(f"import m{number}\n" for number in range(120)) + GOOD.format(number=1)})
    check = world.check(commit)
    path = f"check-runs/{check['id']}/annotations?per_page=100&page="
    told = [each for page in (1, 2) for each in world.github.api(f"{path}{page}", world.token()).body]
    assert sorted(each["start_line"] for each in told if each["title"] == "F401") == list(range(1, 121))
    assert check["output"]["annotations_count"] == len(told)


def test_other_branch_is_judged_and_not_published(world: World) -> None:
    commit = world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push(branch="feature")
    assert world.run(world.work(commit, ref="refs/heads/feature")) == {"result": "passed"}
    assert world.check(commit)["conclusion"] == "success"
    assert world.newest() == {}


def test_of_two_pushes_the_last_head_is_published_whichever_is_judged_first(world: World) -> None:
    first = world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    second = world.clone.commit({"dags/report.py": GOOD.format(number=2)})
    world.clone.push()
    world.run(world.work(second))
    assert world.run(world.work(first)) == {"result": "passed"}
    assert "superseded" in world.check(first)["output"]["summary"]
    assert world.newest() == {"report.py": sha256(GOOD.format(number=2))}


def test_head_that_moves_while_it_is_published_is_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    write = world.handler.releases._write_object

    def push_meanwhile(content: Any) -> Any:
        world.clone.commit({"dags/report.py": GOOD.format(number=2)})
        world.clone.push()
        return write(content)

    monkeypatch.setattr(world.handler.releases, "_write_object", push_meanwhile)
    world.run(world.work(commit))
    assert world.newest() == {}
    assert "superseded" in world.check(commit)["output"]["summary"]


def test_force_push_to_an_old_commit_publishes_it_again(world: World, pushed: Push) -> None:
    first = pushed({"report.py": GOOD.format(number=1)})
    pushed({"report.py": GOOD.format(number=2)})
    world.clone.git("reset", "--quiet", "--hard", first)
    world.clone.push("--force")
    assert world.run(world.work(first, forced=True)) == {"result": "published"}
    assert world.newest() == {"report.py": sha256(GOOD.format(number=1))}
    assert any("forced" in check["output"]["summary"] for check in world.checks(first))


def test_message_that_comes_twice_is_judged_once(world: World) -> None:
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    work = world.work()
    world.run(work)
    assert world.run(work) == {"result": "done"}
    assert len(world.checks()) == 1


def test_delivery_that_is_replayed_later_rolls_nothing_back(world: World, pushed: Push) -> None:
    """With everything forgotten that would tell it is a replay."""
    first = pushed({"report.py": GOOD.format(number=1)})
    pushed({"report.py": GOOD.format(number=2)})
    assert world.run(world.work(first)) == {"result": "passed"}
    assert world.newest() == {"report.py": sha256(GOOD.format(number=2))}


def test_folder_that_was_judged_is_not_imported_again(world: World, pushed: Push) -> None:
    pushed({"report.py": GOOD.format(number=1)})
    world.clone.commit({"README": "other"})
    world.clone.push()
    assert world.run() == {"result": "published"}
    assert len(world.sandbox.tenants) == 1
    assert "judged before" in world.check()["output"]["summary"]
    assert "holds these very files already" in world.check()["output"]["summary"]


def test_import_that_took_too_long_is_tried_anew_for_the_same_folder(world: World, pushed: Push) -> None:
    """The machine may have been busy."""
    world.sandbox.imported = IMPORTED | {"outcome": "timed_out"}
    commit = pushed({"report.py": GOOD.format(number=1)})
    assert world.annotations(commit) == ["dags/report.py:1 failure FL302"]
    world.sandbox.imported = IMPORTED
    assert world.run(world.work(commit)) == {"result": "published"}


def test_check_that_a_person_asks_for_again_is_judged_anew(world: World, pushed: Push) -> None:
    commit = pushed({"report.py": GOOD.format(number=1)})
    asked = len(world.sandbox.tenants)
    world.run(world.work(commit, event="check_rerequested"))
    assert len(world.sandbox.tenants) > asked


def test_each_folder_is_imported_where_no_other_was(world: World, pushed: Push) -> None:
    """What a pushed folder leaves behind must not be met by the deployed one, whose findings make exceptions."""
    first = pushed({"report.py": GOOD.format(number=1)})
    world.handler.judge._cache._version = "another"
    second = pushed({"report.py": GOOD.format(number=2)})
    folders = [world.clone.git("rev-parse", f"{commit}:dags") for commit in (first, second, first)]
    assert world.sandbox.tenants == folders


def test_fork_is_judged_without_an_import_and_never_published(world: World) -> None:
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    assert world.run(world.work(event="pull_request", ref="refs/pull/1/head", trusted=False)) == {"result": "passed"}
    assert world.sandbox.tenants == []
    assert "nothing was imported" in world.check()["output"]["summary"]
    assert world.newest() == {}


def test_fork_s_files_leave_nothing_that_another_verdict_is_made_of(world: World, tmp_path: Path) -> None:
    """Whoever finds a way into the process that reads files must not find one into the branches' verdicts."""
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    world.run(world.work(event="pull_request", ref="refs/pull/1/head", trusted=False))
    assert not (tmp_path / "known").exists()
    world.run()
    assert (tmp_path / "known").exists()


def test_fork_s_verdict_is_not_taken_for_one_with_an_import(world: World) -> None:
    world.sandbox.is_real = True
    world.clone.commit({"dags/report.py": "import not_there  # noqa: F401\n" + GOOD.format(number=1)})
    world.clone.push()
    world.run(world.work(trusted=False))
    assert world.run() == {"result": "failed"}


def test_fork_s_pass_does_not_hide_the_same_commit_s_failed_import(world: World) -> None:
    """Of two checks of one name, the newest is what a branch's rules look at."""
    world.sandbox.is_real = True
    commit = world.clone.commit({"dags/report.py": "import not_there  # noqa: F401\n" + GOOD.format(number=1)})
    world.clone.push(branch="feature")
    world.run(world.work(ref="refs/heads/feature"))
    world.run(world.work(event="pull_request", ref="refs/pull/1/head", trusted=False))
    told = {check["name"]: check["conclusion"] for check in world.checks(commit)}
    assert told == {"farflow/dags": "failure", "farflow/dags (fork)": "success"}


def test_forks_cannot_use_up_what_branches_need_of_github(world: World) -> None:
    """Anybody may open pull requests without end. A fork's is told nothing then; the next one, in another hour, is."""
    commit = world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    fork = world.work(event="pull_request", ref="refs/pull/1/head", trusted=False)
    world.fault(rate_limit_remaining=2400)
    before = len(world.github.tell("GET", "/requests"))
    assert world.run(fork) == {"result": "deferred"}
    asked = [each["path"] for each in world.github.tell("GET", "/requests")[before:]]
    assert asked == [f"/app/installations/{identity.INSTALLATION_ID}/access_tokens", "/rate_limit"]
    assert world.run() == {"result": "published"}
    world.fault()
    assert world.run(fork) == {"result": "passed"}
    assert {check["name"] for check in world.checks(commit)} == {"farflow/dags", "farflow/dags (fork)"}


def test_fork_that_asks_for_many_requests_is_ended_when_they_become_few(world: World) -> None:
    """An archive that leaves everything out has each file fetched by itself: hundreds of requests for one commit."""
    files = {f"dags/part{number}.py": f"NUMBER = {number}\n" for number in range(150)}
    world.clone.commit(files | {"dags/.gitattributes": "*.py export-ignore\n"})
    world.clone.push()
    fork = world.work(event="pull_request", ref="refs/pull/1/head", trusted=False)
    world.fault(rate_limit_remaining=2520)
    before = len(world.github.tell("GET", "/requests"))
    assert world.run(fork) == {"result": "deferred"}
    assert len(world.github.tell("GET", "/requests")) - before < 60
    check = world.check()
    assert (check["conclusion"], check["output"]["title"]) == ("failure", "no verdict")
    assert "kept for branches" in check["output"]["summary"]
    world.fault()
    assert world.run(fork) == {"result": "passed"}


def test_fork_that_claims_the_deploy_branch_is_not_published(world: World) -> None:
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    world.run(world.work(trusted=False, ref="refs/heads/main"))
    assert world.newest() == {}


def test_repository_without_the_folder_passes_and_publishes_nothing(world: World, pushed: Push) -> None:
    pushed({"report.py": GOOD.format(number=1)})
    world.clone.commit({"dags/report.py": None, "README": "x"})
    world.clone.push()
    assert world.run() == {"result": "passed"}
    assert "no folder dags" in world.check()["output"]["summary"]
    assert set(world.newest()) == {"report.py"}


def test_commit_that_is_gone_is_over(world: World) -> None:
    assert judgement_text.gone("x").conclusion == "failure", "which a branch's rules do not take for a pass"
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    work = world.work("1" * 40)
    assert world.run(work) == {"result": "gone"}
    assert world.run(work) == {"result": "done"}


# ---- exceptions, which the deploy branch alone can make --------------------------------------------------


def test_commit_cannot_allow_itself_anything(world: World, pushed: Push) -> None:
    allow = '[[allow]]\nrule = "FL202"\npath = "*.py"\nreason = "mine"\n'
    commit = pushed({"report.py": UNCALLED, ".farflow-lint.toml": allow})
    assert world.check(commit)["conclusion"] == "failure"


def test_what_the_deploy_branch_allows_passes(world: World, pushed: Push) -> None:
    allow = '[[allow]]\nrule = "FL202"\npath = "report.py"\nreason = "made elsewhere"\n'
    pushed({"other.py": GOOD.format(number=1), ".farflow-lint.toml": allow})
    commit = pushed({"report.py": UNCALLED})
    assert world.check(commit)["conclusion"] == "success"
    assert world.annotations(commit) == ["dags/report.py:5 warning FL202"]


def test_what_is_on_the_deploy_branch_already_does_not_block(world: World) -> None:
    """From the first look on: a gate may be put up before a repository that is not clean."""
    world.clone.commit({"dags/report.py": UNUSED})
    world.clone.push()
    world.sweep()
    commit = world.clone.commit({"dags/other.py": GOOD.format(number=1).replace("report", "other")})
    world.clone.push()
    assert world.run(world.work(commit)) == {"result": "published"}
    worse = world.clone.commit({"dags/other.py": UNUSED.replace("report", "other")})
    world.clone.push()
    assert world.run(world.work(worse)) == {"result": "failed"}


def test_first_push_is_compared_with_what_it_was_pushed_onto(world: World) -> None:
    """A gate that no sweep has run for yet; and a push that fails is nothing that the next one is compared with."""
    before = world.clone.commit({"dags/report.py": UNUSED})
    worse = world.clone.commit({"dags/other.py": UNUSED.replace("report", "other")})
    world.clone.push()
    assert world.run(world.work(worse, before=before)) == {"result": "failed"}
    world.sweep()
    still = world.clone.commit({"dags/third.py": GOOD.format(number=1).replace("report", "third")})
    world.clone.push()
    assert world.run(world.work(still, before=worse)) == {"result": "failed"}
    assert "dags/other.py:1 failure F401" in world.annotations(still)
    assert "dags/report.py:1 warning F401" in world.annotations(still)
    better = world.clone.commit({"dags/other.py": GOOD.format(number=1).replace("report", "other")})
    world.clone.push()
    assert world.run(world.work(better, before=still)) == {"result": "published"}


def test_allow_list_that_cannot_be_read_is_not_published(world: World, pushed: Push) -> None:
    commit = pushed({".farflow-lint.toml": '[[allow]]\nrule = "NOPE"\npath = "*"\nreason = "x"\n'})
    assert world.annotations(commit) == ["dags/.farflow-lint.toml:1 failure FL108"]
    assert world.newest() == {}


def test_deployed_allow_list_that_cannot_be_read_excepts_nothing_and_can_be_mended(world: World, pushed: Push) -> None:
    """As after an upgrade of the lint that removed a rule."""
    allow = '[[allow]]\nrule = "NOPE"\npath = "*"\nreason = "x"\n'
    deployed = world.clone.commit(
        {"dags/.farflow-lint.toml": allow, "dags/other.py": UNUSED.replace("report", "other")}
    )
    world.handler.deploy_branch.starts_at(deployed)
    commit = pushed({"report.py": GOOD.format(number=1), ".farflow-lint.toml": None})
    assert world.annotations(commit) == ["dags/other.py:1 failure F401"], "known, as long as the list could be read"
    assert "there is no rule NOPE" in world.check(commit)["output"]["summary"]
    commit = pushed({"other.py": None})
    assert world.check(commit)["conclusion"] == "success"
    assert set(world.newest()) == {"report.py"}


def test_deployed_file_that_kills_the_sandbox_can_be_removed(
    world: World, pushed: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed = world.clone.commit({"dags/killing.py": GOOD.format(number=2)})
    world.handler.deploy_branch.starts_at(deployed)
    invoke, killing = world.sandbox.invoke, world.clone.git("rev-parse", f"{deployed}:dags")

    def invoke_but_the_deployed(**request: Any) -> dict[str, Any]:
        world.sandbox.crash = "killed" if request["TenantId"] == killing else None
        return invoke(**request)

    monkeypatch.setattr(world.sandbox, "invoke", invoke_but_the_deployed)
    commit = pushed({"report.py": GOOD.format(number=1), "killing.py": None})
    assert world.check(commit)["conclusion"] == "success"
    assert "killed" in world.check(commit)["output"]["summary"]
    assert set(world.newest()) == {"report.py"}


# ---- when something fails ------------------------------------------------------------------------------------


def test_sandbox_that_crashes_is_no_pass(world: World) -> None:
    world.sandbox.crash = "RequestId: 1 Error: Runtime exited with error: signal: killed"
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    assert world.run(receives=5) == {"result": "unjudged"}
    check = world.check()
    assert (check["conclusion"], check["output"]["title"]) == ("failure", "no verdict")
    assert "signal: killed" in check["output"]["summary"]
    assert world.newest() == {}


def test_sandbox_that_crashes_is_tried_again_by_itself(world: World) -> None:
    """It may have been for want of memory, or of a start."""
    world.sandbox.crash = "Runtime.OutOfMemory"
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    work = world.work()
    with pytest.raises(SandboxUnavailableError):
        world.run(work, receives=4)
    assert world.check()["conclusion"] == "failure"
    assert "tried again" in world.check()["output"]["summary"]
    world.sandbox.crash = None
    assert world.run(work, receives=5) == {"result": "published"}


def test_answer_of_another_image_does_not_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While Farflow is deployed: the new image's verdict is neither told nor kept as the old one's."""
    world.sandbox.is_real = True
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    work = world.work()
    with monkeypatch.context() as meanwhile:
        meanwhile.setenv("AIRFLOW_IMAGE", "airflow:2")
        with pytest.raises(SandboxUnavailableError, match="another image"):
            world.run(work, receives=1)
    assert world.newest() == {}
    assert world.run(work, receives=2) == {"result": "published"}


def test_queue_allows_as_many_receives_as_the_gate_counts_on(world: World) -> None:
    stack = (layout.ROOT / "stacks" / "push_gate.yaml").read_text()
    assert re.findall(r"maxReceiveCount: (\d+)", stack) == [str(world.handler.RECEIVES)]


def test_commit_whose_sandbox_crashed_is_judged_when_it_is_asked_for_again(world: World) -> None:
    world.sandbox.crash = "killed"
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    work = world.work()
    world.run(work, receives=5)
    world.sandbox.crash = None
    assert world.run(work) == {"result": "published"}
    assert world.check()["conclusion"] == "success"


def test_file_that_kills_the_sandbox_is_no_pass(world: World) -> None:
    world.sandbox.is_real = True
    killing = GOOD.format(number=1) + "\nimport os  # noqa: E402\n\nos.kill(os.getppid(), 9)\n"
    world.clone.commit({"dags/report.py": killing})
    world.clone.push()
    with pytest.raises(Exception, match="ended with -9"):
        world.run()
    assert world.newest() == {}


@pytest.mark.parametrize("call", ["GET .*/git/blobs", "GET .*/git/trees", "GET .*/git/commits"])
def test_github_that_fails_for_long_is_asked_again_later(world: World, call: str) -> None:
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    work = world.work()
    world.seconds_left = 21.5
    world.fault(api=[{"count": 20, "status": 503, "call": call}])
    with pytest.raises(GitHubUnavailableError):
        world.run(work)
    for check in world.checks():
        assert check["conclusion"] == "failure"
        assert "tried again" in check["output"]["summary"]
    world.fault()
    world.seconds_left = 290.0
    assert world.run(work) == {"result": "published"}
    assert world.check()["conclusion"] == "success"


def test_failure_gives_the_message_back_soon(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    changed: list[int] = []
    monkeypatch.setattr(
        world.handler.sqs, "change_message_visibility", lambda **request: changed.append(request["VisibilityTimeout"])
    )
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    world.seconds_left = 21.5
    world.fault(api=[{"count": 99, "status": 500}])
    with pytest.raises(GitHubError):
        world.run()
    assert changed == [world.handler.RETRY_SECONDS]


def test_blob_that_is_not_what_its_id_says_is_not_used(world: World) -> None:
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    world.fault(corrupt_blobs=1)
    with pytest.raises(GitHubError, match="another content"):
        world.run()
    assert world.newest() == {}
    assert world.check()["conclusion"] == "failure"


def test_link_in_the_folder_is_refused_and_its_target_never_read(world: World, pushed: Push) -> None:
    (world.clone.folder / "dags").mkdir()
    (world.clone.folder / "dags/passwords.py").symlink_to("/etc/passwd")
    commit = pushed({"report.py": GOOD.format(number=1)})
    assert world.annotations(commit) == ["dags/passwords.py:1 failure FL102"]
    assert "root:" not in str(world.check(commit))


def test_folder_beyond_the_limits_is_refused_before_it_is_fetched(world: World, pushed: Push) -> None:
    commit = pushed({"report.py": GOOD.format(number=1), "data.csv": "x" * (1024 * 1024 + 1)})
    assert world.check(commit)["conclusion"] == "failure"
    assert "data.csv has 1048577 bytes" in world.check(commit)["output"]["text"]
    assert not [call for call in world.github.tell("GET", "/requests") if "/git/blobs/" in call["path"]]


def test_token_in_an_exception_is_not_shown(world: World, pushed: Push) -> None:
    world.sandbox.is_real = True
    token = "ghp_" + "0123456789abcdefABCDEF0123456789abcd"
    commit = pushed({"report.py": f"raise ValueError('{token}')\n" + GOOD.format(number=1)})
    check = world.check(commit)
    annotations = world.github.api(f"check-runs/{check['id']}/annotations", world.token()).body
    assert check["conclusion"] == "failure"
    assert "ValueError" in str(annotations)
    assert token not in str(annotations) + str(check)
