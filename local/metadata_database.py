"""A PostgreSQL with Airflow's empty schema, for tests and benchmarks: no stack, nothing but the database.

The schema is made once by `airflow db migrate` and kept in `.farflow/cache`; each server starts on a copy.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import layout
from local.errors import LocalStackError
from local.postgres import as_unprivileged_user
from local.postgres_client import binaries

USER = "airflow"
DATABASE = "airflow"
PASSWORD = "of-a-database-that-ends-with-its-test"
READY_SECONDS = 30.0
MIGRATION_SECONDS = 300.0
DATA = "data"
"""The cluster, in the folder of a server."""
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
autovacuum = off
"""


class MetadataDatabaseError(LocalStackError):
    """The database could not be made or started; the message holds the last words of what failed."""


@dataclass(frozen=True)
class MetadataDatabase:
    """One that accepts connections."""

    port: int
    folder: Path

    @property
    def sqlalchemy_url(self) -> str:
        return f"postgresql+psycopg2://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def url(self) -> str:
        """For libpq."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Of another database of the same server."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    @property
    def airflow_environ(self) -> dict[str, str]:
        """With which Airflow's own Python works on this database."""
        return {
            "PATH": os.environ["PATH"],
            "AIRFLOW_HOME": str(self.folder / "airflow"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.sqlalchemy_url,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            "PGSSLMODE": "disable",
        }


@contextmanager
def empty(folder: Path) -> Iterator[MetadataDatabase]:
    """A server with an empty database, which ends with this context. `folder` must not exist."""
    _create(folder)
    with serving(folder) as database:
        _run([str(binaries() / "createdb"), "-w", *_address(database.port), DATABASE])
        yield database


@contextmanager
def migrated(folder: Path) -> Iterator[MetadataDatabase]:
    """Airflow's schema without a row, on a server that ends with this context. `folder` must not exist."""
    shutil.copytree(_template(), folder, copy_function=shutil.copy)
    with serving(folder) as database:
        yield database


def _template() -> Path:
    """A cluster that was migrated by the present Airflow."""
    lock = (layout.ROOT / "airflow" / "requirements.txt").read_bytes()
    made_from = hashlib.sha256(lock + Path(__file__).read_bytes()).hexdigest()[:16]
    cache = layout.STATE / "cache" / "metadata-database"
    template = cache / made_from
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        if not template.exists():
            for old in cache.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
            unfinished = cache / "unfinished"
            with empty(unfinished) as database:
                _migrate(database)
            unfinished.rename(template)
    return template


def _create(folder: Path) -> None:
    data = folder / DATA
    data.mkdir(parents=True)
    data.chmod(0o700)
    password_file = folder / "password"
    password_file.write_text(PASSWORD)
    _run(
        as_unprivileged_user(
            [
                *(str(binaries() / "initdb"), "-D", str(data), "-U", USER, "--encoding=UTF8", "--no-sync"),
                *("--auth=scram-sha-256", f"--pwfile={password_file}"),
            ]
        )
    )
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS)


@contextmanager
def serving(folder: Path) -> Iterator[MetadataDatabase]:
    """A server on the cluster that is in `folder`, which ends with this context. Raises `MetadataDatabaseError`."""
    folder.chmod(0o700)
    data = folder / DATA
    data.chmod(0o700)
    port = _free_port()
    with (folder / "postgres.log").open("ab") as log:
        server = subprocess.Popen(
            as_unprivileged_user([str(binaries() / "postgres"), "-D", str(data), "-p", str(port)]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await_ready(server, port, folder / "postgres.log")
        yield MetadataDatabase(port, folder)
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(READY_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _await_ready(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        ready = subprocess.run([str(binaries() / "pg_isready"), "-q", *_address(port)], check=False)
        if ready.returncode == 0:
            return
        time.sleep(0.05)
    raise MetadataDatabaseError(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}")


def _migrate(database: MetadataDatabase) -> None:
    _run(
        [str(layout.environment_python("airflow")), "-m", "airflow", "db", "migrate"],
        {**database.airflow_environ},
    )
    shutil.rmtree(database.folder / "airflow", ignore_errors=True)


def _run(command: list[str], environ: dict[str, str] | None = None) -> None:
    result = subprocess.run(
        command,
        env=environ or {**os.environ, "PGPASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        timeout=MIGRATION_SECONDS,
    )
    if result.returncode != 0:
        raise MetadataDatabaseError(f"{Path(command[0]).name} failed:\n{(result.stdout + result.stderr)[-2000:]}")


def _address(port: int) -> list[str]:
    return ["-h", "127.0.0.1", "-p", str(port), "-U", USER]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
