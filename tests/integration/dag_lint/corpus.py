"""The corpus of DAGs in tests/data/dags, and Airflow's own examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dag_lint.gates import FILE_BYTES
from dag_lint.tree import DagTree, read_folder, tree_of
from local import layout

DAGS = layout.ROOT / "tests" / "data" / "dags"
AIRFLOW = layout.STATE / "env/airflow/lib/python3.13/site-packages/airflow"


def bad() -> Iterator[tuple[str, Path]]:
    """Each bad case, a file or a folder, with the rule that it breaks: the name of the folder that it lies in."""
    for rule in sorted((DAGS / "bad").iterdir()):
        for case in sorted(rule.iterdir()):
            yield rule.name, case


def good() -> list[Path]:
    return sorted((DAGS / "good").iterdir())


def tree_at(case: Path) -> DagTree:
    return read_folder(case, FILE_BYTES) if case.is_dir() else tree_of({case.name: case.read_bytes()})
