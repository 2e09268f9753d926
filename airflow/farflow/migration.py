"""The one ECS task that makes the metadata database fit this image: `python -m farflow.migration`.

Migrates Airflow's schema, the auth manager's with it, makes sure that the administrator exists, and, where
METRICS_DATABASE_PASSWORD is set, the role with which worker scaling reads the database. Each step is idempotent and Airflow serialises concurrent migrations itself, so a repeated run changes nothing.
Exits with the code of the first step that failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping


def steps(environ: Mapping[str, str]) -> list[list[str]]:
    """The commands, in order. Raises KeyError when the administrator's name or password is not given."""
    username = environ["ADMINISTRATOR_USERNAME"]
    return [
        ["airflow", "db", "migrate"],
        [
            *("airflow", "users", "create", "--role", "Admin", "--username", username),
            *("--firstname", "Farflow", "--lastname", "Administrator", "--email", f"{username}@farflow.invalid"),
            *("--password", environ["ADMINISTRATOR_PASSWORD"]),
        ],
        *([[sys.executable, "-m", "farflow.metrics_role"]] if "METRICS_DATABASE_PASSWORD" in environ else []),
    ]


def main() -> int:
    for step in steps(os.environ):
        print(f"migration: {' '.join(step[:3])}", flush=True)
        code = subprocess.run(step, check=False).returncode
        if code != 0:
            print(f"migration: {' '.join(step[:3])} exited with {code}", flush=True)
            return code
    print("migration: done", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
