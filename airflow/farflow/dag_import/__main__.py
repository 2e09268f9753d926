"""`python -m farflow.dag_import [--cut-network] [--seconds N]`: a request on standard input, a reply on standard output.

After N seconds it answers with what it has, and of the rest that there was no time.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from pathlib import Path

from . import airflow_modules, isolation
from .reply import to_json
from .request import Request, RequestError


def main() -> int:
    began = time.monotonic()
    parser = argparse.ArgumentParser("farflow.dag_import")
    parser.add_argument("--cut-network", action="store_true")
    parser.add_argument("--seconds", type=float, default=math.inf)
    options = parser.parse_args()
    reply = os.dup(1)  # what Airflow prints while it is loaded is no reply
    os.dup2(2, 1)
    try:
        request = Request.from_json(sys.stdin.buffer.read())
    except RequestError as error:
        print(error, file=sys.stderr)
        return 2
    sys.dont_write_bytecode = True  # which another file's import would take for its own
    isolation.hide_memory()
    isolation.adopt_orphans()
    network_cut = options.cut_network and isolation.cut_network()
    with tempfile.TemporaryDirectory(prefix="farflow-import-") as folder:
        os.environ.update(_airflow_settings(Path(folder)))
        from .one_file import import_file  # noqa: PLC0415  # loads Airflow, which reads those settings at once
        from .supervisor import Supervisor  # noqa: PLC0415

        airflow_modules.load(airflow_modules.module_names(request.files[path] for path in request.imports))
        work = Path(folder) / "work"
        work.mkdir()
        answers = Supervisor(request, work, import_file, os.process_cpu_count() or 1, began + options.seconds).run()
    with os.fdopen(reply, "w") as stream:
        stream.write(to_json(answers, network_cut=network_cut))
    return 0


def _airflow_settings(folder: Path) -> dict[str, str]:
    """Besides those of the image, which hold: its plugins and policies, no metadata database, everything of an error."""
    image = os.environ.get("AIRFLOW_HOME")
    if image:
        sys.path.append(f"{image}/config")  # where airflow_local_settings.py may be
    return {
        **({"AIRFLOW__CORE__PLUGINS_FOLDER": f"{image}/plugins"} if image else {}),
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/empty.db",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "0",  # the supervisor's limit is one that a file cannot switch off
        "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACKS": "True",
        "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH": "1000",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
    }


if __name__ == "__main__":
    sys.exit(main())
