"""Reports in the words of who reads them."""

import json

import pytest

from dag_lint.finding import Finding
from dag_lint.lint import Report
from dag_lint.report import FORMATS, to_github, to_json, to_sarif, to_text

BLOCK = Finding("team/a.py", 3, "F821", "block", "Undefined name `x`", "Define it.")
WARN = Finding("b.py", 1, "E501", "warn", "Too long", "Break it.")
FORGED = Finding("a\n::error::\x1b[2J\udcff.py", 1, "FL101", "block", "has a\ncontrol character", "Rename it.")


def report(*findings: Finding) -> Report:
    return Report(findings, files=2, dag_files=1, imported=False)


def test_text_says_place_severity_rule_and_how_to_mend() -> None:
    assert to_text(report(BLOCK, WARN)).splitlines() == [
        "team/a.py:3: block F821 Undefined name `x`",
        "    Define it.",
        "b.py:1: warn E501 Too long",
        "    Break it.",
        "fail: 2 Python files, 1 looked at as DAG files, 1 findings block, 1 warn, 0 excepted (static rules only)",
    ]


def test_json_is_the_verdict_and_the_findings() -> None:
    answer = json.loads(to_json(report(WARN)))
    told = {name: value for name, value in vars(WARN).items() if name != "count"}
    assert answer == {"verdict": "pass", "findings": [told]}


def test_sarif_s_levels_are_errors_and_warnings() -> None:
    results = json.loads(to_sarif(report(BLOCK, WARN)))["runs"][0]["results"]
    assert [(result["ruleId"], result["level"]) for result in results] == [("F821", "error"), ("E501", "warning")]


def test_github_gets_one_command_for_each_finding() -> None:
    assert to_github(report(BLOCK)) == (
        "::error file=team/a.py,line=3,title=F821 Undefined name::Undefined name `x`. Define it."
    )


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_name_cannot_forge_a_line_or_speak_to_the_terminal(name: str) -> None:
    text = FORMATS[name](report(FORGED))
    text.encode()
    assert "\x1b" not in text
    assert not any(line.startswith(("::error::", "control")) for line in text.splitlines())


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_folder_without_findings_has_a_report_too(name: str) -> None:
    assert isinstance(FORMATS[name](report()), str)
