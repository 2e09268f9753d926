"""The import door on this machine: a process of a Python that has Airflow runs `farflow.dag_import`."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dag_lint.errors import LintFailedError
from dag_lint.tree import DagTree

from .imported import Importer, ImportReport
from .request import packed, report_of, request

CHECKOUT_PACKAGE = Path(__file__).resolve().parents[4] / "airflow" / "farflow"
"""Where `farflow.dag_import` is in a checkout; else it is installed beside this package."""

PASSED_ON = ("PATH", "LANG", "LD_LIBRARY_PATH", "AIRFLOW_HOME", "VIRTUAL_ENV")
"""Of the environment: nothing that a DAG could find on a developer's machine and not in the sandbox."""

SECONDS = 1800.0
"""For the whole tree; each file has its own limit."""

LAST_WORDS = 2_000


def local_importer(python: Path) -> Importer:
    """An importer that runs `python`, which has Airflow. It raises `LintFailedError` where there is no answer.

    So does this, where the system has not what an import is walled in with.
    """
    if not hasattr(os, "unshare"):
        raise LintFailedError("DAGs can be imported on Linux only. Add --static-only; the push gate imports them.")

    def import_files(tree: DagTree, paths: Sequence[str]) -> ImportReport:
        content = json.dumps(request(tree, packed(tree), paths)).encode()
        with tempfile.TemporaryDirectory(prefix="farflow-lint-") as folder:
            # By itself: the folder where it lies may hold packages that are not Airflow's.
            (Path(folder) / "farflow").symlink_to(_package())
            environ = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
            try:
                result = subprocess.run(
                    [str(python), "-m", "farflow.dag_import", "--cut-network"],
                    input=content,
                    capture_output=True,
                    env={**environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1"},
                    timeout=SECONDS,
                )
            except subprocess.TimeoutExpired:
                raise LintFailedError(f"the import did not end within {SECONDS:.0f} s") from None
        if result.returncode != 0:
            words = result.stderr.decode(errors="replace")[-LAST_WORDS:].strip()
            raise LintFailedError(f"the import ended with {result.returncode}:\n{words}")
        return report_of([json.loads(result.stdout)], paths)

    return import_files


def _package() -> Path:
    if CHECKOUT_PACKAGE.is_dir():
        return CHECKOUT_PACKAGE
    found = importlib.util.find_spec("farflow")
    if found is None or not found.submodule_search_locations:
        raise LintFailedError("the package farflow, which imports the DAGs, is not installed: install farflow anew")
    return Path(found.submodule_search_locations[0]).resolve()
