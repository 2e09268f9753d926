"""With Airflow's Python: load a folder of DAGs into one DagBag, as teams' tests do, and print what came of it as JSON.

With `--each`, a DagBag for each file: for files that have nothing to do with each other.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import BundleDagBag  # type: ignore[import-not-found]


def main(arguments: list[str]) -> None:
    folder = Path(arguments[-1])
    dags: list[str] = []
    errors: list[str] = []
    for dag_folder in sorted(folder.glob("*.py")) if "--each" in arguments else [folder]:
        try:
            bag = BundleDagBag(dag_folder=dag_folder, bundle_path=folder, bundle_name="dags", load_op_links=False)
        except ValueError:  # of a pattern in .airflowignore, before any file is loaded
            errors.append(".airflowignore")
            continue
        dags += bag.dags
        errors += bag.import_errors
    print(json.dumps({"dags": len(dags), "errors": sorted(errors)}))
    sys.exit(1 if errors else 0)  # as a test that asks for no errors


if __name__ == "__main__":
    main(sys.argv[1:])
