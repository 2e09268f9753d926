"""When a tool has found a seeded defect: the codes by which it can say so, as data.

A style warning that a tool has of every DAG does not count, nor a message about something else in the same file. Where in
doubt it counts: F824 for a `global` that comes too late, B008 for a query in a default argument.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.linters import (
    DAGBAG,
    FARFLOW,
    FARFLOW_IMPORT,
    FLAKE8,
    IMPORT_ERROR,
    PYLINT,
    RUFF,
    RUFF_DEFAULT,
    SYNTAX_ERROR,
    Said,
)

CLASSES: Mapping[str, tuple[str, ...]] = {
    "Python cannot read it": ("FL104", "FL105", "F722"),
    "undefined names": ("F821", "F822", "F823"),
    "gone in Airflow 3": ("AIR301", "AIR302", "AIR303"),
    "two DAGs of one id": ("FL201",),
    "operators' arguments, ids, packages": ("FL301", "FL207", "FL208"),
    "circles, duplicate tasks, schedules": ("FL204", "FL205", "FL206"),
    "another DAG at each import": ("AIR304",),
    "DAGs that do not appear": ("FL107", "FL108", "FL202", "FL203"),
    "work at import": ("AIR003", "FL209"),
    "templates, numbers": ("FL210", "FL211", "FL212"),
    "passwords, shells, eval": ("S102", "S105", "S106", "S107", "S307", "S602", "S605"),
    "PEP 8, unused imports": ("E225", "E231", "E302", "E711", "E722", "W291", "W605", "F401"),
    "advice": ("AIR001", "AIR002", "AIR311", "B006", "DTZ001", "E501", "FL221", "FL222", "S113", "S608", "T201"),
}
"""Farflow's rules, by which the cases are named, by kind of defect. Advice is what Farflow itself only warns of."""

_OUT_OF_PLACE = {"F702", "F704", "F706", "F707", "F824"}
_RUFF = {"FL105": {SYNTAX_ERROR, *_OUT_OF_PLACE, "PLE0118", "PLE1142"}, "FL209": {"B008"}}

CODES: Mapping[str, Mapping[str, set[str]]] = {
    FARFLOW: {},
    FARFLOW_IMPORT: {},
    RUFF: _RUFF,
    RUFF_DEFAULT: _RUFF,
    FLAKE8: {"FL104": {"E902"}, "FL105": {"E999", "E902", *_OUT_OF_PLACE}},
    PYLINT: {
        "FL104": {"E0001", "C2503"},
        "FL105": {"E0001", "E0103", "E0104", "E0105", "E0118", "E0701", "E1142", "W0602"},
        "F722": {"E0001"},
        "F821": {"E0602"},
        "F822": {"E0603"},
        "F823": {"E0601"},
        "AIR301": {"E0401", "E0611", "E1123"},
        "AIR302": {"E0401", "E0611"},
        "AIR303": {"E0401", "E0611"},
        "FL301": {"E0401", "E1120", "E1123", "E1125"},
        "S102": {"W0122"},
        "S307": {"W0123"},
        "S113": {"W3101"},
        "E711": {"C0121"},
        "E722": {"W0702"},
        "E501": {"C0301"},
        "W291": {"C0303"},
        "W605": {"W1401"},
        "F401": {"W0611"},
        "B006": {"W0102"},
    },
    DAGBAG: {
        rule: {IMPORT_ERROR}
        for kind, rules in CLASSES.items()
        for rule in rules
        if kind not in ("passwords, shells, eval", "PEP 8, unused imports", "advice")
    },
}
"""By tool and rule, besides the code of the rule itself. An import error is none of a password's: there a package is missing."""


def tells_of(tool: str, rule: str, said: Said) -> bool:
    """Whether what the tool said is about the defect that the case was made for."""
    return said.code == rule or said.code in CODES[tool].get(rule, ())


def kind_of(rule: str) -> str:
    """Raises `StopIteration` for a rule that has no kind yet."""
    return next(kind for kind, rules in CLASSES.items() if rule in rules)
