"""What the lint remembers of files: never another verdict than without, and never a failure of its own."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from dag_lint.each_file.known_files import KEEP_SECONDS, KnownFiles
from dag_lint.lint import Report, lint
from dag_lint.tree import tree_of

from .corpus import bad, good, tree_at

FINE = b'from airflow.sdk import DAG\n\nreport = DAG("report", schedule=None)\n'
BROKEN = b'from airflow.sdk import DAG\n\nother = DAG("other", schedule=None, tags=[undefined])\n'
TEMPLATED = b"""from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("templated", schedule=None, tags=["a"]):
    BashOperator(task_id="run", bash_command="run.sh", retries=1)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "known_files.sqlite"


@pytest.fixture
def nothing_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has to look at a file fails."""
    monkeypatch.setattr("dag_lint.each_file.readers._START", "import no_such_module")
    monkeypatch.setattr("dag_lint.each_file.readers.SECONDS_FOR_FILE", 0.5)


def found(report: Report) -> list[tuple[str, str]]:
    return [(each.path, each.rule) for each in report.findings if each.severity == "block"]


def test_whole_corpus_is_judged_the_same_the_second_time(place: Path, request: pytest.FixtureRequest) -> None:
    """And the second time nothing is looked at: neither by the lint's own rules nor by Ruff."""
    trees = [tree_at(case) for case in (*(case for _, case in bad()), *good())]
    first = [lint(tree, known=KnownFiles(place)) for tree in trees]
    request.getfixturevalue("nothing_can_be_read")
    assert [lint(tree, known=KnownFiles(place)) for tree in trees] == first
    assert any(report.excepted for report in first)


def test_only_what_changed_is_looked_at_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lint(tree_of({"a.py": FINE, "b.py": b""}), known=KnownFiles(place))
    asked = []
    monkeypatch.setattr(
        "dag_lint.each_file.readers.Readers.read",
        lambda _self, _places, files, _dag_files: asked.extend(files) or iter(()),
    )
    with pytest.raises(Exception, match="1 of 1 files were not read"):
        lint(tree_of({"a.py": FINE, "b.py": BROKEN}), known=KnownFiles(place))
    assert asked == ["b.py"]


def test_file_that_another_one_names_is_part_of_what_is_known(place: Path) -> None:
    """A template that comes, is broken, mended and goes."""
    contents = {"dags/templated.py": TEMPLATED}
    told = []
    for template in (None, b"echo {{ ds }}\n", b"echo {{ ds\n", b"echo\n", None):
        more = {} if template is None else {"dags/run.sh": template}
        told.append(found(lint(tree_of(contents | more), known=KnownFiles(place))))
    missing, broken = [("dags/templated.py", "FL210")], [("dags/run.sh", "FL211")]
    assert told == [missing, [], broken, [], missing]


def test_template_that_ended_the_parser_and_was_mended_leaves_nothing(place: Path) -> None:
    """Jinja gives up on some templates otherwise than by saying what is wrong: it is the template's fault, and passes with it."""
    contents = {"dags/templated.py": TEMPLATED}
    for text in (b"{{ " + b"(" * 3000 + b"1" + b")" * 3000 + b" }}\n", b"{{ 1" + b"1" * 5000 + b" }}\n"):
        broken, mended = (
            found(lint(tree_of(contents | {"dags/run.sh": template}), known=KnownFiles(place)))
            for template in (text, b"echo {{ ds }}\n")
        )
        assert (broken, mended) == ([("dags/run.sh", "FL211")], [])


def test_want_of_memory_is_no_fact_about_a_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It depends on what the process read before."""
    short = (
        "import sys; sys.path[:0] = sys.argv[1:]; from dag_lint.each_file import reader_process\n"
        "def facts_of(*_): raise MemoryError\n"
        "reader_process.facts_of = facts_of; reader_process.main()"
    )
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("dag_lint.each_file.readers._START", short)
        assert found(lint(tree_of({"a.py": FINE}), known=KnownFiles(place))) == [("a.py", "FL106")]
    assert found(lint(tree_of({"a.py": FINE}), known=KnownFiles(place))) == []


def test_looking_anew_mends_what_is_known(place: Path) -> None:
    lint(tree_of({"a.py": FINE}), known=KnownFiles(place))
    with closing(sqlite3.connect(place)) as database, database:
        (answer,) = database.execute("SELECT answer FROM answers").fetchone()
        wrong = json.loads(answer) | {"findings": [["a.py", 1, "F821", "block", "wrong", "", 1]]}
        database.execute("UPDATE answers SET answer = ?", (json.dumps(wrong),))
    told = [found(lint(tree_of({"a.py": FINE}), known=KnownFiles(place), anew=anew)) for anew in (False, True, False)]
    assert told == [[("a.py", "F821")], [], []]


def test_memory_that_is_full_is_begun_anew(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dag_lint.each_file.known_files.LIMIT_BYTES", 5 * 4096)
    many = {f"a{number}.py": b"x = 1\n" * number for number in range(100)}
    assert found(lint(tree_of(many), known=KnownFiles(place))) == []
    assert not place.exists()
    lint(tree_of({"a.py": FINE}), known=KnownFiles(place))
    assert place.stat().st_size <= 5 * 4096


def test_file_that_is_ignored_now_is_another_file(place: Path) -> None:
    """Rules about DAGs are asked of DAG files only."""
    told = [
        found(lint(tree_of({"a.py": TEMPLATED, **ignoring}), known=KnownFiles(place)))
        for ignoring in ({}, {".airflowignore": b"a.py\n"}, {})
    ]
    assert told == [[("a.py", "FL210")], [], [("a.py", "FL210")]]


def test_same_content_elsewhere_is_another_file(place: Path) -> None:
    """What an import means depends on where the file lies; and findings name their file."""
    contents = {"a.py": BROKEN}
    lint(tree_of(contents), known=KnownFiles(place))
    assert found(lint(tree_of({"b.py": BROKEN}), known=KnownFiles(place))) == [("b.py", "F821")]


@pytest.mark.parametrize("tool", ["reader", "ruff"])
def test_what_a_crash_left_open_is_asked_again(tool: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        if tool == "reader":
            ready = "import os, sys; sys.stdin.readline(); print('{}', flush=True); sys.stdin.readline(); os._exit(3)"
            broken.setattr("dag_lint.each_file.readers._START", ready)
        else:
            broken.setattr("dag_lint.each_file.ruff_rules.OUTPUT_BYTES", 10)
        assert found(lint(tree_of({"a.py": FINE}), known=KnownFiles(place))) == [("a.py", "FL106")]
    assert found(lint(tree_of({"a.py": FINE}), known=KnownFiles(place))) == []


@pytest.mark.parametrize("content", [b"", b"no database at all", b"SQLite format 3\x00" + b"\xff" * 5000])
def test_memory_that_is_none_is_made_anew(content: bytes, place: Path, request: pytest.FixtureRequest) -> None:
    place.parent.mkdir()
    place.write_bytes(content)
    for _ in range(2):
        assert found(lint(tree_of({"a.py": BROKEN}), known=KnownFiles(place))) == [("a.py", "F821")]
    request.getfixturevalue("nothing_can_be_read")
    assert found(lint(tree_of({"a.py": BROKEN}), known=KnownFiles(place))) == [("a.py", "F821")]


@pytest.mark.parametrize(
    "answer",
    [
        *("", "{}", "[]", '{"findings": [[1]], "facts": null, "asked_for": {}}'),
        '{"findings": [["a.py", 1, "NO1", "block", "", "", 1]], "facts": null, "asked_for": {}}',
    ],
)
def test_answer_that_is_none_is_found_anew(answer: str, place: Path) -> None:
    lint(tree_of({"a.py": BROKEN}), known=KnownFiles(place))
    with closing(sqlite3.connect(place)) as database, database:
        database.execute("UPDATE answers SET answer = ?", (answer,))
    assert found(lint(tree_of({"a.py": BROKEN}), known=KnownFiles(place))) == [("a.py", "F821")]


def test_memory_that_cannot_be_used_changes_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file where its folder would be; and another process that does not let it go."""
    place.parent.write_bytes(b"")
    assert found(lint(tree_of({"a.py": BROKEN}), known=KnownFiles(place))) == [("a.py", "F821")]
    place.parent.unlink()
    monkeypatch.setattr("dag_lint.each_file.known_files.WAIT_SECONDS", 0.05)
    lint(tree_of({"a.py": FINE}), known=KnownFiles(place))
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert found(lint(tree_of({"a.py": BROKEN}), known=KnownFiles(place))) == [("a.py", "F821")]
    assert place.exists()


def test_what_nobody_asked_for_in_a_month_is_forgotten(place: Path) -> None:
    """And what is asked for stays."""
    lint(tree_of({"a.py": FINE, "b.py": BROKEN}), known=KnownFiles(place))
    with closing(sqlite3.connect(place)) as database, database:
        database.execute("UPDATE answers SET used = ?", (int(time.time()) - KEEP_SECONDS - 1,))
    lint(tree_of({"b.py": BROKEN}), known=KnownFiles(place))
    lint(tree_of({"c.py": b""}), known=KnownFiles(place))
    with closing(sqlite3.connect(place)) as database:
        assert database.execute("SELECT count(*) FROM answers").fetchone() == (2,)


def test_others_cannot_read_what_is_kept(place: Path) -> None:
    """Messages quote the code."""
    lint(tree_of({"a.py": BROKEN}), known=KnownFiles(place))
    assert place.parent.stat().st_mode & 0o077 == 0
