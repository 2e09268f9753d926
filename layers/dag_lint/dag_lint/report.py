"""A report in the words of who reads it: a person, a program, a code-scanning page, a GitHub Actions log."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any

from .finding import Finding
from .lint import Report
from .rules import rule_of


def of_file(report: Report, path: str) -> Report:
    """What a report of a folder says of one file; and what it says of the folder as a whole, which may be all it says."""
    return dataclasses.replace(
        report,
        findings=tuple(found for found in report.findings if found.path in ("", path)),
        excepted=tuple(found for found in report.excepted if found.path == path),
        files=1,
        dag_files=int(path in report.dag_ids),
        dag_ids={key: dag_ids for key, dag_ids in report.dag_ids.items() if key == path},
    )


def placed(report: Report, folder: str) -> Report:
    """With paths that begin with `folder`."""

    def place(path: str) -> str:
        return "/".join(part for part in (folder.rstrip("/"), path) if part) if folder != "." else path

    def moved(findings: Sequence[Finding]) -> tuple[Finding, ...]:
        return tuple(dataclasses.replace(found, path=place(found.path)) for found in findings)

    return dataclasses.replace(
        report,
        findings=moved(report.findings),
        in_the_way=place(report.in_the_way) if report.in_the_way else "",
        excepted=moved(report.excepted),
        dag_ids={place(path): dag_ids for path, dag_ids in report.dag_ids.items()},
    )


def joined(reports: Sequence[Report]) -> Report:
    """One of several, of at least one."""
    return Report(
        findings=tuple(dict.fromkeys(found for report in reports for found in report.findings)),
        files=sum(report.files for report in reports),
        dag_files=sum(report.dag_files for report in reports),
        imported=all(report.imported for report in reports),
        in_the_way=next((report.in_the_way for report in reports if report.in_the_way), ""),
        excepted=tuple(dict.fromkeys(found for report in reports for found in report.excepted)),
        dag_ids={path: dag_ids for report in reports for path, dag_ids in report.dag_ids.items()},
    )


def to_text(report: Report) -> str:
    """One line for each finding, `path:line: RULE message`, how to mend it below, and a summary at the end."""
    lines = []
    for found in report.findings:
        line = f"{found.path or '.'}:{found.line}: {found.severity} {found.rule} {found.message}"
        lines += [printable(line), f"    {printable(found.fix)}"]
    blocking = sum(found.count for found in report.findings if found.severity == "block")
    warnings = sum(found.count for found in report.findings if found.severity == "warn")
    scope = "static rules and import" if report.imported else "static rules only"
    if report.in_the_way:
        scope += f"; nothing is imported before {printable(report.in_the_way)} is mended"
    lines.append(
        f"{report.verdict}: {report.files} Python files, {report.dag_files} looked at as DAG files, "
        f"{blocking} findings block, {warnings} warn, {sum(found.count for found in report.excepted)} excepted ({scope})"
    )
    return "\n".join(lines)


def printable(text: str) -> str:
    """One line that a terminal shows as it is: names and messages come from whoever pushed."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def to_json(report: Report) -> str:
    """An object of `verdict` and `findings`, each with `path`, `line`, `rule`, `severity`, `message`, `fix`."""
    names = ("path", "line", "rule", "severity", "message", "fix")
    findings = [{name: getattr(found, name) for name in names} for found in report.findings]
    return json.dumps({"verdict": report.verdict, "findings": findings}, indent=2)


def to_sarif(report: Report) -> str:
    """SARIF 2.1.0, which code scanning reads.

    Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    codes = sorted({found.rule for found in report.findings})
    rules = [
        {"id": code, "shortDescription": {"text": rule_of(code).title}, "help": {"text": rule_of(code).mend}}
        for code in codes
    ]
    driver = {"name": "farflow-lint", "rules": rules}
    results = [_sarif_result(found, codes.index(found.rule)) for found in report.findings]
    return json.dumps(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "results": results}],
        },
        indent=2,
    )


def _sarif_result(found: Finding, index: int) -> dict[str, Any]:
    location = {"artifactLocation": {"uri": found.path or "."}, "region": {"startLine": found.line}}
    return {
        "ruleId": found.rule,
        "ruleIndex": index,
        "level": "error" if found.severity == "block" else "warning",
        "message": {"text": f"{found.message}. {found.fix}"},
        "locations": [{"physicalLocation": location}],
    }


def to_github(report: Report) -> str:
    """Workflow commands, which GitHub Actions shows beside the lines.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    lines = []
    for found in report.findings:
        command = "error" if found.severity == "block" else "warning"
        title = f"{found.rule} {rule_of(found.rule).title}"
        lines.append(
            f"::{command} file={_property(found.path or '.')},line={found.line},title={_property(title)}"
            f"::{_data(f'{found.message}. {found.fix}')}"
        )
    return "\n".join(lines)


def _data(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return printable(escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMATS: dict[str, Callable[[Report], str]] = {
    "text": to_text,
    "json": to_json,
    "sarif": to_sarif,
    "github": to_github,
}
