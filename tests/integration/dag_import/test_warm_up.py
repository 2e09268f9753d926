"""The DAG of Farflow's own that is imported before the others: Airflow takes it, and nobody else sees it."""

from local import layout
from tests.integration.dag_import.asking import ask

FAMILIAR = layout.ROOT / "airflow/farflow/dag_import/familiar_dag.py"

LOOKING = """
import sys

from airflow.sdk import DAG

NAMES = [name for name, module in list(sys.modules.items()) if "familiar" in str(getattr(module, "__file__", name))]
PATHS = [path for path in sys.path if path.endswith("dag_import")]
LOADED = "airflow.sdk.definitions.decorators.setup_teardown" in sys.modules

dag = DAG(f"seen_{len(NAMES)}_{len(PATHS)}_loaded_{LOADED}", schedule=None)
"""


def test_familiar_dag_is_one_that_airflow_takes() -> None:
    """Refused or broken, it would spare nobody anything, and nobody would notice."""
    told = ask({"familiar.py": FAMILIAR.read_text()})["familiar.py"]
    assert (told["error"], told["violations"]) == (None, [])
    assert told["dag_ids"] == ["familiar_asset", "familiar_functions", "familiar_operators"]


def test_files_find_what_is_loaded_and_nothing_of_the_familiar_dag() -> None:
    told = ask({"looking.py": LOOKING})["looking.py"]
    assert (told["error"], told["dag_ids"]) == (None, ["seen_0_0_loaded_True"])
