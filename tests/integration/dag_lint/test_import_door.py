"""When the DAGs are imported, and what an import adds. What imports is a stand-in here."""

import base64
import json
import lzma
from collections.abc import Sequence

import pytest

from dag_lint.errors import LintFailedError
from dag_lint.imports.imported import ImportedFile, ImportError_, ImportReport
from dag_lint.imports.request import packed, request
from dag_lint.lint import lint
from dag_lint.tree import DagTree, tree_of

FINE = b'from airflow.sdk import DAG\n\nfine = DAG("fine", schedule=None)\n'


class StandIn:
    """An importer that says of each file what it was told to say, and notes what it was asked."""

    def __init__(self, *files: ImportedFile) -> None:
        self.told = {file.path: file for file in files}
        self.asked: list[str] | None = None
        self.given: DagTree = tree_of({})

    def __call__(self, tree: DagTree, paths: Sequence[str]) -> ImportReport:
        self.asked = list(paths)
        self.given = tree
        return ImportReport({path: self.told.get(path, ImportedFile(path)) for path in paths if path in tree})


def test_dag_files_are_imported_and_others_are_not() -> None:
    stand_in = StandIn()
    tree = tree_of(
        {"a.py": FINE, "team/b.PY": b"", "data.sql": b"", ".airflowignore": b"drafts/\n", "drafts/c.py": b""}
    )
    report = lint(tree, importer=stand_in)
    assert stand_in.asked == ["a.py", "team/b.PY"]
    assert report.imported


def test_import_sees_what_a_release_would_hold_and_the_settings_of_the_import() -> None:
    """A module in a hidden folder is there for the push and gone for Airflow."""
    stand_in = StandIn()
    files = {"a.py": FINE, ".lib/helper.py": b"", "team/.b.py": b"", "c.sql": b"", ".airflowignore": b"x\n"}
    settings = {".farflow-lint.toml": b'[import.variables]\nname = "x"\n'}
    lint(tree_of(files | settings), importer=stand_in)
    assert stand_in.asked == ["a.py"]
    assert set(stand_in.given) == {"a.py", "c.sql", ".airflowignore", ".farflow-lint.toml"}
    carried = packed(stand_in.given)
    assert set(json.loads(lzma.decompress(base64.b64decode(carried)))) == {"a.py", "c.sql", ".airflowignore"}
    assert request(stand_in.given, carried, ["a.py"])["variables"] == {"name": "x"}


@pytest.mark.parametrize("folder", [".sql", "sql/.new"])
def test_template_file_that_is_not_published_is_missing(folder: str) -> None:
    source = (
        b"from airflow.providers.standard.operators.bash import BashOperator\nfrom airflow.sdk import DAG\n\n"
        b'with DAG("report", schedule=None):\n    BashOperator(task_id="run", bash_command="%b/run.sh")\n'
    )
    files = {"a.py": source % folder.encode(), f"{folder}/run.sh": b"true\n"}
    assert "FL210" in {found.rule for found in lint(tree_of(files)).findings}


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"a.py": FINE, "b.py": b"x = (\n"}, id="syntax"),
        pytest.param({"a.py": FINE, "dags.zip": b"PK\x03\x04"}, id="archive"),
        pytest.param({"a.py": FINE, "b.py": b"# coding: latin-1\n"}, id="encoding"),
        pytest.param({"a.py": FINE, "A.py": FINE}, id="paths"),
    ],
)
def test_nothing_is_imported_beside_what_the_gates_refuse(files: dict[str, bytes]) -> None:
    stand_in = StandIn()
    report = lint(tree_of(files), importer=stand_in)
    assert stand_in.asked is None
    assert report.verdict == "fail"
    assert not report.imported


def test_import_is_asked_although_another_rule_blocks() -> None:
    """One push, all of its mistakes."""
    stand_in = StandIn(ImportedFile("a.py", outcome="failed", error=ImportError_("KeyError", "'x'", 2)))
    report = lint(tree_of({"a.py": FINE + b"import os\n"}), importer=stand_in)
    assert {found.rule for found in report.findings if found.severity == "block"} >= {"FL301", "F401"}


def test_importer_that_leaves_a_file_out_is_no_pass() -> None:
    with pytest.raises(LintFailedError):
        lint(tree_of({"a.py": FINE}), importer=lambda tree, paths: ImportReport({}))


def test_importer_cannot_take_a_finding_away() -> None:
    report = lint(tree_of({"a.py": b"undefined\n"}), importer=StandIn(ImportedFile("a.py")))
    assert "F821" in {found.rule for found in report.findings}


def test_dag_that_only_an_import_finds_is_a_duplicate_too() -> None:
    made_up = b'from airflow.sdk import DAG\n\nname = "fi" "ne".upper()\nmade = DAG(name.lower(), schedule=None)\n'
    tree = tree_of({"a.py": FINE, "b.py": made_up})
    assert lint(tree).verdict == "pass"
    report = lint(tree, importer=StandIn(ImportedFile("a.py", ("fine",)), ImportedFile("b.py", ("fine",))))
    assert {(found.path, found.rule) for found in report.findings if found.severity == "block"} == {
        ("a.py", "FL201"),
        ("b.py", "FL201"),
    }
    assert report.dag_ids == {"a.py": ("fine",), "b.py": ("fine",)}


def test_dag_that_only_an_import_finds_is_skipped_by_safe_mode_too() -> None:
    hidden = b"import other\n\nother.Builder.make()\n"
    report = lint(tree_of({"a.py": hidden}), importer=StandIn(ImportedFile("a.py", ("report",))))
    assert {found.rule for found in report.findings if found.severity == "block"} == {"FL203"}
