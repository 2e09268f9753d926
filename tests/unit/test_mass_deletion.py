"""Which releases are held until somebody confirms them."""

import pytest

from dag_sync.mass_deletion import reason_to_hold


def tree(*paths: str) -> dict[str, str]:
    return {path: f"content of {path}" for path in paths}


TEN = tree(*(f"{letter}.py" for letter in "abcdefghij"))


@pytest.mark.parametrize(
    ("served", "offered", "held"),
    [
        ({}, {}, False),
        ({}, TEN, False),
        (TEN, TEN, False),
        (TEN, TEN | tree("k.py"), False),
        (TEN, {}, True),
        (TEN, tree(*list(TEN)[:5]), False),
        (TEN, tree(*list(TEN)[:4]), True),
        (TEN, tree(*list(TEN)[:4], *(f"new{number}.py" for number in range(90))), True),
        (tree("a.py"), tree("b.py"), True),
    ],
)
def test_release_that_removes_more_than_half_is_held(
    served: dict[str, str], offered: dict[str, str], held: bool
) -> None:
    assert (reason_to_hold(served, offered) is not None) == held


def test_reason_says_how_many_and_which() -> None:
    assert reason_to_hold(TEN, tree("a.py")) == "it would remove 9 of 10 files: b.py, c.py, d.py, e.py, f.py, …"


def test_moved_files_are_not_gone() -> None:
    assert reason_to_hold(TEN, {f"team/{path}": content for path, content in TEN.items()}) is None


def test_few_dags_beside_many_data_files_are_guarded_too() -> None:
    data = tree(*(f"{number}.sql" for number in range(90)))
    assert reason_to_hold(TEN | data, data | tree("a.py")) is not None
