"""What the lint takes over from Airflow is what the installed Airflow says."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from dag_lint.airflowignore.patterns import ignored_files
from dag_lint.dag_rules.identifiers import GROUP_KEY_LENGTH, KEY_LENGTH, identifier_mistake
from dag_lint.dag_rules.schedules import PRESETS
from dag_lint.dag_rules.trigger_rules import TRIGGER_RULES
from dag_lint.gates import FILE_BYTES
from dag_lint.tree import read_folder
from dag_lint.whole_tree import might_contain_dag
from local import environments, layout

WORDS = (
    b"",
    b"airflow",
    b"dag",
    b"AIRFLOW Dag",
    b"airflow asset",
    b"asset dag",
    b"from airflow import x",
    b"# DAG airflow",
)

IGNORING = {
    ".airflowignore": "drafts/\n*_old.py\n!keep_old.py\n/top.py\nteam/skipped.py\n# only a comment\nx.py # behind one\n/\n",
    "team/.airflowignore": "local.py\n!drafts/\n/below.py\nsub/deep.py\n**/any.py\n[ab].py\ngone_*.py\n!sub/kept/\n",
    "team/other/.airflowignore": "*\n!kept.py\n",
    "empty/.airflowignore": "",
    "mac/.airflowignore": "report.py\n#\r!report.py\ra.py\r\n b.py\n",
}
PATHS = (
    *("top.py", "team/top.py", "keep_old.py", "a_old.py", "drafts/a.py", "team/drafts/b.py", "team/skipped.py", "x.py"),
    *("team/local.py", "team/sub/local.py", "local.py", "team/below.py", "team/sub/below.py", "team/sub/deep.py"),
    *("team/a.py", "team/c.py", "a.py", "team/one/two/any.py", "any.py", "team/other/kept.py", "team/other/gone.py"),
    *("mac/report.py", "mac/a.py", "mac/b.py"),
    *(
        "team/other/sub/kept.py",
        "empty/a.py",
        "team/keep_old.py",
        "drafts/keep_old.py",
        "team/sub/kept/gone_1.py",
        "team/sub/kept/x1.py",
        "team/drafts.py",
    ),
)
KEYS = (
    *("a", "a.b", "a-b", "a_b", "ünï", "1", "数据", "", " ", "a b", "a/b", "a\n", "a:b", "a.b\n", "\n", "é" * 10),
    *("x" * GROUP_KEY_LENGTH, "x" * (GROUP_KEY_LENGTH + 1), "x" * KEY_LENGTH, "x" * (KEY_LENGTH + 1)),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dags")
    for path, text in IGNORING.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    for number, path in enumerate(path for path in PATHS if path.endswith(".py")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(WORDS[number % len(WORDS)])
    return folder


@pytest.fixture(scope="module")
def answers(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    script = layout.ROOT / "tests/integration/dag_lint/airflow_answers.py"
    command = [str(environments.environment_python("airflow")), str(script), str(folder), json.dumps([KEYS])]
    home = {"AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")), "PATH": os.defpath}
    done = subprocess.run(command, env=home, capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("ANSWERS"))
    found: dict[str, list[str]] = json.loads(line.removeprefix("ANSWERS"))
    return found


def test_same_files_are_ignored(folder: Path, answers: Mapping[str, list[str]]) -> None:
    contents = {path: entry.content or b"" for path, entry in read_folder(folder, FILE_BYTES).items()}
    ignored = ignored_files(contents)
    seen = {path for path in contents if path not in ignored.ignored and not path.endswith(".airflowignore")}
    assert seen == set(answers["found"])
    assert len(ignored.ignored) > 5
    assert not ignored.findings


def test_same_files_are_skipped_by_safe_mode(folder: Path, answers: Mapping[str, list[str]]) -> None:
    opened = [path for path in answers["found"] if might_contain_dag((folder / path).read_bytes())]
    assert opened == answers["opened"]
    assert 0 < len(opened) < len(answers["found"])


def test_same_trigger_rules_are_known(answers: Mapping[str, list[str]]) -> None:
    assert sorted(TRIGGER_RULES) == answers["trigger_rules"]


def test_same_presets_are_known(answers: Mapping[str, list[str]]) -> None:
    assert sorted(PRESETS) == answers["presets"]


def test_same_ids_are_refused(answers: Mapping[str, list[str]]) -> None:
    assert [key for key in KEYS if identifier_mistake("dag_id", key)] == answers["refused_keys"]
    assert [key for key in KEYS if identifier_mistake("group_id", key)] == answers["refused_group_keys"]
    assert answers["refused_keys"] != answers["refused_group_keys"]


@pytest.mark.parametrize("package", ["croniter", "jinja2", "pathspec"])
def test_same_version_is_pinned_as_in_the_image(package: str) -> None:
    def pin(lock: str) -> str:
        lines = (layout.ROOT / lock).read_text().splitlines()
        return next(line.split(" ")[0] for line in lines if line.startswith(f"{package}=="))

    assert pin("layers/dag_lint/requirements.txt") == pin("airflow/requirements.txt")
