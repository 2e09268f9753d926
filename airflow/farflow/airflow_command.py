"""Airflow's command line with few settings: what Airflow does not start with must not stand in the way of a migration.

An empty folder is its AIRFLOW_HOME, so that no configuration file, plugin or local setting of an image counts.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence

SETTINGS = (
    "AIRFLOW__CORE__AUTH_MANAGER",
    "AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__CORE__LOAD_EXAMPLES",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW__LOGGING__JSON_LOGS",
)
NEEDED = (
    "FERNET_KEY",
    "HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "PATH",
    "PGSSLMODE",
    "PYTHONPATH",
    "PYTHONUNBUFFERED",
    "TMPDIR",
)
"""Besides what begins with DATABASE_, which Airflow expands in its settings."""


LOCK_TIMEOUT = "-c lock_timeout=5min"
"""Somebody who reads a table in a transaction that does not end would have its ALTER wait for ever, and all with it."""


class CommandError(Exception):
    """A command of Airflow's failed; the log has its words."""


def minimal(environ: Mapping[str, str], home: str) -> dict[str, str]:
    """What Airflow's commands may see of `environ`."""
    kept = {
        name: value for name, value in environ.items() if name in (*SETTINGS, *NEEDED) or name.startswith("DATABASE_")
    }
    return {**kept, "AIRFLOW_HOME": home, "AIRFLOW__CORE__LAZY_LOAD_PLUGINS": "True", "PGOPTIONS": LOCK_TIMEOUT}


def run(environ: Mapping[str, str], command: Sequence[str]) -> None:
    """Raises `CommandError`."""
    print(f"migration: {in_short(command)}", flush=True)
    with tempfile.TemporaryDirectory() as home:
        code = subprocess.run(command, env=minimal(environ, home), check=False).returncode
    if code != 0:
        raise CommandError(f"{in_short(command)} exited with {code}")


def run_quietly(environ: Mapping[str, str], command: Sequence[str]) -> None:
    """Without a word of Airflow's, unless it fails. Raises `CommandError` with the line that names the error."""
    with tempfile.TemporaryDirectory() as home:
        result = subprocess.run(
            command,
            env=minimal(environ, home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if result.returncode != 0:
        print(result.stdout, flush=True)
        raise CommandError(f"{in_short(command)}: {error_line(result.stdout) or f'exited with {result.returncode}'}")


def in_short(command: Sequence[str]) -> str:
    """Without its arguments."""
    return " ".join(command[:3])


def error_line(output: str) -> str:
    """Of a program's output the line that names its error, else its last one."""
    lines = output.strip().splitlines() or [""]
    return next((line for line in reversed(lines) if "Error: " in line or "errors." in line), lines[-1]).strip()
