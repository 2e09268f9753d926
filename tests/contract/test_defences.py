"""The table of `tests/defences` fits the files that it speaks of; that the tests notice, `make test-defences` shows."""

import ast
from functools import cache
from pathlib import Path

import pytest

from local import layout
from tests.defences.defence import Attack, Defence
from tests.defences.table import DEFENCES

EVERY_DEFENCE = pytest.mark.parametrize("defence", DEFENCES, ids=lambda defence: defence.defence.replace(" ", "-"))


@cache
def defined(file: Path) -> set[str]:
    """The tests in a file, as pytest names them without their parameters."""
    names = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
        elif isinstance(node, ast.FunctionDef):
            names.add(node.name)
    return names


@pytest.mark.parametrize("attack", Attack)
def test_attack_has_a_defence(attack: Attack) -> None:
    assert [defence for defence in DEFENCES if defence.attack is attack]


@EVERY_DEFENCE
def test_defence_is_in_its_file_once_and_leaves_code_that_runs(defence: Defence) -> None:
    """A file that Python cannot read would fail every test, and none of them for the defence."""
    left = defence.taken_out((layout.ROOT / defence.file).read_text())
    if defence.file.endswith(".py"):
        ast.parse(left)


@EVERY_DEFENCE
def test_tests_of_a_defence_exist(defence: Defence) -> None:
    assert defence.tests
    for test in defence.tests:
        file, _, name = test.partition("::")
        assert name.partition("[")[0] in defined(layout.ROOT / file), test


def test_no_defence_is_told_twice() -> None:
    assert len({(defence.file, defence.text, defence.without, defence.tests) for defence in DEFENCES}) == len(DEFENCES)


def test_text_that_is_not_there_once_is_an_error() -> None:
    defence = Defence(Attack.FORGED, "a lock", "a.py", "locked", "open", ())
    assert defence.taken_out("is locked") == "is open"
    for content in ("", "locked, locked"):
        with pytest.raises(ValueError, match="bring the table up to date"):
            defence.taken_out(content)
