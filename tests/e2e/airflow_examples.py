"""Airflow's own example DAGs: which run here, and why each other one does not.

`python -m tests.e2e.airflow_examples FOLDER` copies those that run, for `make demo DAGS=FOLDER`.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from local import layout

RUN = (
    "example_asset_alias.py",
    "example_asset_decorator.py",
    "example_assets.py",
    "example_branch_labels.py",
    "example_complex.py",
    "example_display_name.py",
    "example_dynamic_task_mapping.py",
    "example_dynamic_task_mapping_with_no_taskflow_operators.py",
    "example_latest_only_with_trigger.py",
    "example_nested_branch_dag.py",
    "example_outlet_event_extra.py",
    "example_params_trigger_ui.py",
    "example_setup_teardown.py",
    "example_setup_teardown_taskflow.py",
    "example_simplest_dag.py",
    "example_skip_dag.py",
    "example_task_group.py",
    "example_task_group_decorator.py",
    "example_time_delta_sensor_async.py",
    "example_trigger_target_dag.py",
    "example_xcom.py",
    "example_xcomargs.py",
    "tutorial.py",
    "tutorial_dag.py",
    "tutorial_taskflow_api.py",
    "example_bash_operator.py",
    "example_branch_datetime_operator.py",
    "example_branch_day_of_week_operator.py",
    "example_latest_only.py",
    "example_short_circuit_decorator.py",
    "example_short_circuit_operator.py",
    "example_trigger_controller_dag.py",
    "example_asset_alias_with_no_taskflow.py",
    "example_bash_decorator.py",
    "example_branch_python_dop_operator_3.py",
    "example_measurement_correction_decorator.py",
    "example_measurement_correction_operator.py",
    "example_task_state_store.py",
    "example_task_state_store_mapped.py",
    "tutorial_taskflow_templates.py",
)

_VIRTUALENV = "makes a virtual environment at run time, which needs a package registry and minutes"
_PLUGIN = "needs a plugin of example_dags/plugins, which Airflow registers for its own examples only"

LEFT_OUT = {
    "example_asset_allow_teams.py": "is about [core] multi_team, which is off",
    "example_asset_partition.py": "twenty DAGs of partitioned schedules, which a run by hand does not show",
    "example_asset_state_store.py": "is about a watcher that nothing here feeds",
    "example_asset_with_watchers.py": "waits for a file that nothing here makes",
    "example_branch_operator.py": _VIRTUALENV,
    "example_branch_operator_decorator.py": _VIRTUALENV,
    "example_custom_weight.py": _PLUGIN,
    "example_dag_decorator.py": "calls a site on the internet",
    "example_external_task_child_deferrable.py": "one of a pair that wait for each other's logical date",
    "example_external_task_marker_dag.py": "waits for a run of its other DAG at the same logical date",
    "example_external_task_parent_deferrable.py": "one of a pair that wait for each other's logical date",
    "example_failed_dag.py": "fails on purpose",
    "example_hitl_operator.py": "waits for a person",
    "example_inlet_event_extra.py": "gives the asset of example_outlet_event_extra.py another name, a conflict in one Airflow",
    "example_kubernetes_executor.py": "needs Kubernetes",
    "example_local_kubernetes_executor.py": "needs Kubernetes",
    "example_params_ui_tutorial.py": "is about the form in the UI",
    "example_passing_params_via_test_command.py": "needs a parameter of `airflow dags test`",
    "example_python_decorator.py": _VIRTUALENV,
    "example_python_operator.py": _VIRTUALENV,
    "example_retry_policy.py": "fails on purpose, with minutes between its tries",
    "example_sensor_decorator.py": "waits for a minute to show a sensor",
    "example_sensors.py": "needs the connection fs_default, and fails on purpose in places",
    "example_task_state_store_async.py": "calls a method that Airflow 3.3.2 does not have",
    "example_workday_timetable.py": _PLUGIN,
    "tutorial_objectstorage.py": "reads a site on the internet",
    "tutorial_taskflow_api_virtualenv.py": _VIRTUALENV,
}


def installed() -> dict[str, Path]:
    """Every example of the installed Airflow and its standard provider, by file name."""
    package = next((layout.STATE / "env" / "airflow" / "lib").glob("python3*/site-packages")) / "airflow"
    folders = [package / "example_dags", package / "providers" / "standard" / "example_dags"]
    return {path.name: path for folder in folders for path in folder.glob("*.py") if path.name != "__init__.py"}


def collect(folder: Path) -> None:
    """Copy the examples that run into `folder`, with the SQL files that some of them name."""
    folder.mkdir(parents=True, exist_ok=True)
    examples = installed()
    for name in RUN:
        shutil.copy(examples[name], folder / name)
        if (examples[name].parent / "sql").is_dir():
            shutil.copytree(examples[name].parent / "sql", folder / "sql", dirs_exist_ok=True)


if __name__ == "__main__":
    collect(Path(sys.argv[1]))
