"""An embedded PostgreSQL 18, in place of RDS: the binaries of a wheel, a fresh cluster per stack."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

from local import layout
from local.postgres_client import USER, PostgresClient, PostgresError, binaries
from local.processes import log_tail

DATABASE = "airflow"
READY_SECONDS = 30.0
STOP_SECONDS = 30.0
PASSWORD_FILE = layout.STACK / "postgres-password"
LOG = layout.LOGS / "postgres.log"


def as_unprivileged_user(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root, so root runs it in a user namespace where it has another id.

    Its files stay root's, and no user is added to the machine.
    """
    if os.geteuid() != 0:
        return command
    unshare = shutil.which("unshare")
    if unshare is None:
        raise PostgresError("PostgreSQL does not run as root: call make as an ordinary user.")
    return [unshare, "--user", "--map-user=1000", "--map-group=1000", *command]


def create(port: int) -> None:
    """Initialise a cluster with a generated password, which need not outlive the machine: nothing is synced to disk.

    What is committed outlives a crash of the server, as on RDS.
    """
    layout.POSTGRES_DATA.mkdir(parents=True)
    layout.POSTGRES_DATA.chmod(0o700)
    PASSWORD_FILE.write_text(secrets.token_urlsafe(24))
    PASSWORD_FILE.chmod(0o600)
    result = subprocess.run(
        as_unprivileged_user(
            [
                str(binaries() / "initdb"),
                *("-D", str(layout.POSTGRES_DATA), "-U", USER, "--encoding=UTF8", "--no-sync"),
                *("--auth=scram-sha-256", f"--pwfile={PASSWORD_FILE}"),
            ]
        ),
        capture_output=True,
        text=True,
    )
    if result.returncode != 0:
        raise PostgresError(
            f"initdb failed; in a container that forbids user namespaces, call make as an ordinary user.\n"
            f"{result.stderr.strip()}"
        )
    with (layout.POSTGRES_DATA / "postgresql.conf").open("a") as settings:
        settings.write(
            f"port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n"
            "max_connections = 200\nfsync = off\nfull_page_writes = off\n"
        )


def start() -> subprocess.Popen[bytes]:
    """Start the server as a child of this process; return when it accepts connections.

    Raises `PostgresError` when it ends or does not answer.
    """
    with LOG.open("ab") as log:
        server = subprocess.Popen(
            as_unprivileged_user([str(binaries() / "postgres"), "-D", str(layout.POSTGRES_DATA)]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await_ready(server)
    except BaseException:
        server.kill()
        raise
    return server


def stop(server: subprocess.Popen[bytes]) -> None:
    """Shut the server down as `pg_ctl stop -m fast` does: it ends every connection first."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _port(folder: Path = layout.STACK) -> int:
    settings = (folder / layout.POSTGRES_DATA.name / "postgresql.conf").read_text()
    for line in reversed(settings.splitlines()):
        if line.startswith("port = "):
            return int(line.removeprefix("port = "))
    raise PostgresError("postgresql.conf names no port")


def _await_ready(server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise PostgresError(f"PostgreSQL ended while starting:\n{log_tail(LOG)}")
        ready = subprocess.run(
            [str(binaries() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(_port())], check=False
        )
        if ready.returncode == 0:
            return
        time.sleep(0.1)
    raise PostgresError(f"PostgreSQL did not answer within {READY_SECONDS:.0f} s:\n{log_tail(LOG)}")


def client(folder: Path = layout.STACK) -> PostgresClient:
    """For the server whose cluster is in that folder of a stack."""
    return PostgresClient(_port(folder), (folder / PASSWORD_FILE.name).read_text())
