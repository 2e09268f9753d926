"""Airflow's modules, loaded once before the processes of the files are forked, which then need not load them again.

As the DAG processor does it: https://airflow.apache.org/docs/apache-airflow/stable/configurations-ref.html#parsing-pre-import-modules
Of the files only names are taken, and only those of installed operators, sensors, hooks and transfers; nothing of the tree
is on the path here.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Iterable

SERIALIZING = (
    "airflow.models.serialized_dag",
    "airflow.models.dagbag",
    "airflow.providers.standard.operators.trigger_dagrun",
    "airflow.providers.standard.sensors.external_task",
)
"""What Airflow itself loads when it serializes the first DAG of a process."""

OF_THE_SDK = (
    "airflow.sdk.bases.branch",
    "airflow.sdk.bases.decorator",
    "airflow.sdk.definitions.decorators.condition",
    "airflow.sdk.definitions.decorators.setup_teardown",
    "airflow.sdk.definitions.decorators.task_group",
    "airflow.timetables.trigger",
)
"""What `airflow.sdk` loads late, and most DAGs need. No provider's: a module that is loaded is an attribute of its package,
and a file that uses it without importing it would pass here and fail elsewhere.
"""

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
    """Load these, `SERIALIZING` and `OF_THE_SDK`. What cannot be loaded fails again in the process of its file, which tells of it."""
    for name in (*SERIALIZING, *OF_THE_SDK, *names):
        with contextlib.suppress(Exception):
            importlib.import_module(name)
