"""What follows from an import of the DAG files."""

import pytest

from dag_lint.errors import LintFailedError
from dag_lint.finding import Finding
from dag_lint.imports.imported import ImportedFile, ImportError_, ImportReport, Violation, findings_of

ERROR = ImportError_("KeyError", "'bucket'", 7)


def of(*files: ImportedFile) -> list[Finding]:
    return list(findings_of(ImportReport({file.path: file for file in files}), [file.path for file in files]))


@pytest.mark.parametrize(
    ("file", "rule", "line"),
    [
        (ImportedFile("a.py", outcome="failed", error=ERROR), "FL301", 7),
        (ImportedFile("a.py", outcome="failed"), "FL301", 1),
        (ImportedFile("a.py", outcome="imported", error=ERROR), "FL301", 7),
        (ImportedFile("a.py", outcome="timed_out", seconds=31), "FL302", 1),
        (ImportedFile("a.py", outcome="crashed"), "FL302", 1),
        (ImportedFile("a.py", outcome="crashed", error=ERROR), "FL302", 7),
        (ImportedFile("a.py", seconds=30.1), "FL302", 1),
        (ImportedFile("a.py", seconds=5.1), "FL303", 1),
        (ImportedFile("a.py", violations=(Violation("opened a connection to 10.0.0.1", 4),)), "FL304", 4),
    ],
)
def test_import_that_went_wrong_is_a_finding(file: ImportedFile, rule: str, line: int) -> None:
    (found,) = of(file)
    assert (found.path, found.rule, found.line) == ("a.py", rule, line)


@pytest.mark.parametrize("seconds", [0.0, 5.0])
def test_import_in_time_is_none(seconds: float) -> None:
    assert of(ImportedFile("a.py", ("report",), seconds=seconds)) == []


def test_slow_import_only_warns() -> None:
    assert [found.severity for found in of(ImportedFile("a.py", seconds=6), ImportedFile("b.py", seconds=31))] == [
        "warn",
        "block",
    ]


def test_each_violation_is_a_finding_beside_the_error() -> None:
    file = ImportedFile("a.py", outcome="failed", error=ERROR, violations=(Violation("x"), Violation("y", 2)))
    assert [found.rule for found in of(file)] == ["FL301", "FL304", "FL304"]


@pytest.mark.parametrize(
    "files", [{}, {"b.py": ImportedFile("b.py")}, {"a.py": ImportedFile("b.py")}], ids=["none", "another", "renamed"]
)
def test_file_that_the_report_does_not_speak_of_is_no_pass(files: dict[str, ImportedFile]) -> None:
    with pytest.raises(LintFailedError, match=r"a\.py"):
        list(findings_of(ImportReport(files), ["a.py"]))


def test_report_of_files_that_nobody_asked_for_adds_nothing() -> None:
    report = ImportReport({"a.py": ImportedFile("a.py"), "b.py": ImportedFile("b.py", outcome="failed")})
    assert list(findings_of(report, ["a.py"])) == []


def test_exception_s_text_is_cut() -> None:
    (found,) = of(ImportedFile("a.py", outcome="failed", error=ImportError_("ValueError", "x" * 100_000)))
    assert len(found.message) < 1100
