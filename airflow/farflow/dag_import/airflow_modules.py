"""Airflow's modules, loaded once before the processes of the files are forked, which then need not load them again.

As the DAG processor does it: https://airflow.apache.org/docs/apache-airflow/stable/configurations-ref.html#parsing-pre-import-modules
Of the files only names are taken, and only those of installed operators, sensors, hooks and transfers; nothing of the tree
is on the path here.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

SERIALIZING = (
    "airflow.models.serialized_dag",
    "airflow.models.dagbag",
    "airflow.providers.standard.operators.trigger_dagrun",
    "airflow.providers.standard.sensors.external_task",
)
"""What Airflow itself loads when it serializes the first DAG of a process."""

MOST_MODULES = 100

_IMPORT = re.compile(
    rb"^[ \t]*(?:from|import)[ \t]+(airflow\.providers\.[a-z0-9_.]*\b(?:operators|sensors|hooks|transfers)\b[a-z0-9_.]*)",
    re.MULTILINE,
)


def module_names(contents: Iterable[bytes]) -> list[str]:
    """The modules with operators that the texts import, each once, those that most texts import first."""
    counts: dict[str, int] = {}
    for content in contents:
        for name in {match.decode().strip(".") for match in _IMPORT.findall(content)}:
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: (-counts[name], name))[:MOST_MODULES]


def load(names: Iterable[str]) -> None:
    """Load these, and `SERIALIZING`. What cannot be loaded fails again in the process of its file, which tells of it."""
    for name in (*SERIALIZING, *names):
        with contextlib.suppress(Exception):
            importlib.import_module(name)


FAMILIAR = Path(__file__).with_name("familiar_dag.py")


def warm_up(import_dag: Callable[[Path, Path], object]) -> None:
    """Import a DAG of Farflow's own with `import_dag(folder, file)`, and forget it.

    What Airflow does with the first DAG of a process only (loading what it loads late, compiling patterns and schemas)
    takes a third of a small file's import. If the image's policies refuse the DAG, nothing is lost but that.
    """
    path, modules = list(sys.path), set(sys.modules)
    with contextlib.suppress(Exception):
        import_dag(FAMILIAR.parent, FAMILIAR)
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if getattr(sys.modules[name], "__file__", None) == str(FAMILIAR):
            del sys.modules[name]
