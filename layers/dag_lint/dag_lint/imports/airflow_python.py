"""Which Python imports the DAGs: one that has Airflow, as the workers' has."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from dag_lint.errors import AirflowNotFoundError

CHECKOUT_PYTHON = Path(".farflow/env/airflow/bin/python")
"""In a checkout of Farflow, after `make setup`: the image's packages."""

_HAS_AIRFLOW = "import importlib.util, sys; sys.exit(importlib.util.find_spec('airflow.sdk') is None)"


def airflow_python(asked_for: Path | None, here: Path) -> Path:
    """The Python that was asked for; else the running one, if it has Airflow; else that of a checkout at or above `here`.

    Raises `AirflowNotFoundError`.
    """
    if asked_for is not None:
        if not _has_airflow(asked_for):
            raise AirflowNotFoundError(f"{asked_for} is no Python with Airflow 3; name another by --python")
        return asked_for
    if importlib.util.find_spec("airflow") is not None and _has_airflow(Path(sys.executable)):
        return Path(sys.executable)
    for folder in (here, *here.parents):
        if (folder / CHECKOUT_PYTHON).is_file():
            return folder / CHECKOUT_PYTHON
    raise AirflowNotFoundError(
        "no Python with Airflow was found. Name one by --python, install farflow-lint beside Airflow, run "
        "`make setup` in a checkout of Farflow, or use --static-only, which does not see what only an import shows."
    )


def _has_airflow(python: Path) -> bool:
    try:
        return subprocess.run([str(python), "-c", _HAS_AIRFLOW], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
