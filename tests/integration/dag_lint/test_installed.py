"""The lint where it is installed from this repository, away from it: as a pre-commit hook, and as a command."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local import layout

GOOD = """from airflow.sdk import DAG

report = DAG("report", schedule="@daily", tags=["sales"], default_args={"retries": 1})
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of DAGs, with a good one in it."""
    folder = tmp_path / "repository"
    (folder / "dags").mkdir(parents=True)
    (folder / "dags" / "report.py").write_text(GOOD)
    return folder


def test_hook_of_this_repository_stops_a_bad_dag(repository: Path) -> None:
    (repository / "dags" / "broken.py").write_text(GOOD.replace("@daily", "0 25 * * *").replace("report", "broken"))
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    pre_commit = layout.environment_python("tools").parent / "pre-commit"
    done = subprocess.run(
        [pre_commit, "try-repo", layout.ROOT, "farflow-lint", "--all-files"],
        cwd=repository,
        env={
            **os.environ,
            "PRE_COMMIT_HOME": str(repository.parent / "home"),
            "PIP_CACHE_DIR": str(layout.STATE / "cache" / "pip"),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "dags/broken.py:3: block FL206" in done.stdout
    assert "report.py" not in done.stdout
    assert "fail: 2 Python files" in done.stdout


def test_installed_command_imports_with_a_python_that_has_airflow(repository: Path) -> None:
    """What imports the DAGs is installed with it."""
    uv, venv = layout.environment_python("uv").parent / "uv", repository.parent / "venv"
    quiet = {**os.environ, "UV_CACHE_DIR": str(layout.STATE / "cache" / "uv"), "UV_LINK_MODE": "copy"}
    python = layout.environment_python("tools").resolve()
    subprocess.run([uv, "venv", "--quiet", "--python", python, venv], env=quiet, check=True)
    source = repository.parent / "source"  # building leaves files beside it
    for part in ("layers/dag_lint", "airflow/farflow"):
        shutil.copytree(layout.ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(layout.ROOT / "pyproject.toml", source)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", venv, source], env=quiet, check=True)

    clean = {"PATH": os.defpath, "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"]}

    def lint() -> subprocess.CompletedProcess[str]:
        command = [venv / "bin" / "farflow-lint", "--python", layout.environment_python("airflow"), "dags"]
        return subprocess.run(command, cwd=repository, env=clean, capture_output=True, text=True)

    done = lint()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("pass: 1 Python files")
    (repository / "dags" / "absent.py").write_text(f"import not_there\n\n{GOOD}\nprint(not_there)\n")
    done = lint()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "dags/absent.py:1: block FL301 the import failed: ModuleNotFoundError" in done.stdout
