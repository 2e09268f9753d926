"""Who may import whom: the rules of docs/architecture.md, held by walking every import."""

import ast
import re
import sys
from pathlib import Path

import pytest

from local import layout

FUNCTIONS = sorted(path.parent.name for path in (layout.ROOT / "functions").glob("*/__init__.py"))

DECISIONS = {
    "airflow/farflow/queue_outage.py",
    "functions/dag_sync/mass_deletion.py",
    "functions/dag_sync/uploads.py",
    "functions/image_builder/build_outcome.py",
    "functions/image_builder/image_source.py",
    "functions/metadata_migrator/journey.py",
    "functions/metadata_migrator/task_outcome.py",
    "functions/push_gate/git_objects.py",
    "functions/push_gate/github_retry.py",
    "functions/push_gate/report_text.py",
    "functions/push_webhook/push_event.py",
    "functions/push_webhook/signature.py",
    "functions/worker_scaler/freshness.py",
    "functions/worker_scaler/invocation.py",
    "functions/workload_metrics/admission.py",
    "functions/workload_metrics/airflow_limits.py",
    "functions/workload_metrics/dag_structure.py",
    "functions/workload_metrics/durations.py",
    "functions/workload_metrics/expected_seconds.py",
    "functions/workload_metrics/forecast.py",
    "functions/workload_metrics/metadata_queries.py",
    "functions/workload_metrics/observation.py",
    "functions/workload_metrics/play_start.py",
    "functions/workload_metrics/retry_time.py",
    "functions/workload_metrics/run_play.py",
    "functions/workload_metrics/scheduler_play.py",
    "functions/workload_metrics/ticking.py",
    "functions/workload_metrics/trigger_rules.py",
    "functions/workload_metrics/unforeseen.py",
    "layers/control_plane/control_plane/dag_paths.py",
    "layers/control_plane/control_plane/push_work.py",
    "layers/control_plane/control_plane/state_failure.py",
    "layers/control_plane/control_plane/worker_scaling/decision.py",
    "layers/control_plane/control_plane/worker_scaling/fleet.py",
    "layers/control_plane/control_plane/worker_scaling/group.py",
    "layers/control_plane/control_plane/worker_scaling/hold.py",
    "layers/control_plane/control_plane/worker_scaling/policy.py",
    "layers/control_plane/control_plane/worker_scaling/rollout.py",
    "layers/control_plane/control_plane/worker_scaling/workload.py",
    "layers/control_plane/control_plane/worker_scaling/workload_text.py",
    "layers/dag_lint/dag_lint/finding.py",
    "layers/dag_lint/dag_lint/gates.py",
    "layers/dag_lint/dag_lint/rules.py",
    "layers/dag_lint/dag_lint/whole_tree.py",
    "local/emulator/alarm_state.py",
    "local/emulator/buildspec.py",
    "local/emulator/embedded_metrics.py",
    "local/emulator/firehose_records.py",
    "local/emulator/log_filter_pattern.py",
    "local/emulator/metric_math.py",
    "local/emulator/service_schedule.py",
    "local/emulator/stickiness.py",
    "local/emulator/target_health.py",
    "local/github/pushes.py",
}
"""Files that decide: the standard library and their own types only, which may be in another file that decides."""

OWN = {
    "dag_sync",
    "image_builder",
    "metadata_migrator",
    "push_gate",
    "push_webhook",
    "worker_scaler",
    "workload_metrics",
    "control_plane",
    "dag_lint",
    "farflow",
    "local",
    "benchmarks",
    "tests",
}

ALLOWED = {
    # folder -> the packages of this repository that its files may import
    "functions/dag_sync": {"control_plane"},
    "functions/image_builder": {"control_plane"},
    "functions/metadata_migrator": {"control_plane"},
    "functions/push_gate": {"control_plane", "dag_lint"},
    "functions/push_webhook": {"control_plane"},
    "functions/worker_scaler": {"control_plane"},
    "functions/workload_metrics": {"control_plane"},
    "layers/control_plane": {"control_plane"},
    "layers/dag_lint": {"dag_lint"},
    "airflow": {"farflow"},
    "dags": set(),
    "local": {"control_plane", "image_builder", "local"},
    "benchmarks": {"benchmarks", "control_plane", "dag_lint", "dag_sync", "farflow", "local", "workload_metrics"},
}


def imported(path: Path) -> set[str]:
    """Top-level names of each absolute import in `path`."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_every_folder_of_code_has_a_rule() -> None:
    assert {f"functions/{name}" for name in FUNCTIONS} <= set(ALLOWED)


@pytest.mark.parametrize("folder", sorted(ALLOWED))
def test_folder_imports_only_what_it_may(folder: str) -> None:
    files = list((layout.ROOT / folder).rglob("*.py"))
    assert files
    for path in files:
        assert imported(path) & OWN <= ALLOWED[folder], path


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_function_s_relative_imports_stay_inside(folder: str) -> None:
    for path in (layout.ROOT / "functions" / folder).glob("*.py"):
        levels = [node.level for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        assert max(levels, default=0) <= 1, path


@pytest.mark.parametrize("file", sorted(DECISIONS))
def test_decision_is_pure(file: str) -> None:
    text = (layout.ROOT / file).read_text()
    shared = {
        f"layers/control_plane/control_plane/{name.replace('.', '/')}.py"
        for name in re.findall(r"from control_plane\.([\w.]+)", text)
    }
    assert shared <= DECISIONS
    assert imported(layout.ROOT / file) - {"control_plane"} <= sys.stdlib_module_names
    assert not imported(layout.ROOT / file) & {"os", "time", "socket", "urllib", "subprocess", "threading"}


def test_folder_airflow_is_no_package() -> None:
    """An `__init__.py` there would hide Airflow itself from whoever has the repository on its path."""
    assert not (layout.ROOT / "airflow" / "__init__.py").exists()
