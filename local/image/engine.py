"""A container engine of the test's own: Debian's dockerd with its data below one folder, ended by its id."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.errors import LocalStackError
from local.processes import log_tail

NEEDED = {"dockerd": "docker.io", "docker": "docker.io", "debootstrap": "debootstrap"}
"""Program -> the Debian package that has it."""

SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Not the user's PATH: the client must be the one that belongs to the daemon (another may lack BuildKit)."""

READY_SECONDS = 60.0
STOP_SECONDS = 60.0


class EngineError(LocalStackError):
    """The engine cannot run, or a command of it failed; the message holds its last words."""


def check_machine() -> None:
    """Raises `EngineError` saying what to install; nothing is installed here."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise EngineError("image-test starts a container engine of its own: it needs Linux, and root.")
    missing = sorted({package for program, package in NEEDED.items() if not shutil.which(program, path=SYSTEM_PATH)})
    if missing:
        raise EngineError(f"missing: apt-get install --no-install-recommends {' '.join(missing)}")


class Engine:
    """Commands of `docker`, to the daemon at `socket`."""

    def __init__(self, socket: Path, config: Path) -> None:
        self._environ = {
            "PATH": SYSTEM_PATH,
            "HOME": str(config),
            "DOCKER_CONFIG": str(config),
            "DOCKER_HOST": f"unix://{socket}",
            "DOCKER_BUILDKIT": "1",
            "BUILDKIT_PROGRESS": "plain",
        }

    def run(self, *arguments: str) -> str:
        """The command's output. Raises `EngineError` with the end of it when the command fails."""
        result = self.try_run(*arguments)
        if result.returncode != 0:
            tail = "\n".join(result.stdout.splitlines()[-40:])
            raise EngineError(f"docker {' '.join(arguments[:6])} … exited with {result.returncode}:\n{tail}")
        return result.stdout

    def compressed_bytes(self, image: str) -> int:
        """About what a registry would hold of it, and a pull would fetch: everything, compressed as a push does."""
        save = subprocess.Popen(["docker", "save", image], env=self._environ, stdout=subprocess.PIPE)
        count = subprocess.run("gzip -6 | wc -c", shell=True, stdin=save.stdout, capture_output=True, check=True)  # noqa: S602 - no input
        if save.wait() != 0:
            raise EngineError(f"docker save {image} exited with {save.returncode}")
        return int(count.stdout)

    def try_run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command with its exit code, its two outputs in one."""
        return subprocess.run(
            ["docker", *arguments],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Engine]:
    """An engine with its images and containers below `folder`, which is removed in the end, as the engine is."""
    check_machine()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # A socket's path may have 107 characters only.
    with tempfile.TemporaryDirectory(prefix="farflow-") as short:
        socket, config = Path(short) / "docker.sock", Path(short) / "daemon.json"
        config.write_text("{}")
        log = folder / "dockerd.log"
        with log.open("wb") as output:
            daemon = subprocess.Popen(
                [
                    *("dockerd", "--config-file", str(config), "--host", f"unix://{socket}"),
                    *("--data-root", str(folder / "data"), "--exec-root", f"{short}/exec", "--pidfile", f"{short}/pid"),
                    *("--bridge=none", "--iptables=false"),  # containers use the machine's network or none
                ],
                env=_daemon_environ(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            engine = Engine(socket, folder / "client")
            _await_ready(engine, daemon, log)
            yield engine
        finally:
            daemon.terminate()
            try:
                daemon.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
            _unmount_below(Path(short), folder)
    shutil.rmtree(folder)


def _unmount_below(*folders: Path) -> None:
    """Take away what the daemon left mounted: its network namespace, and after a kill the containers' disks."""
    mounted = [Path(line.split()[1]) for line in Path("/proc/self/mounts").read_text().splitlines()]
    for path in reversed(mounted):
        if any(path.is_relative_to(folder) for folder in folders):
            subprocess.run(["umount", "--lazy", str(path)], check=True)


def _daemon_environ() -> Mapping[str, str]:
    return {**os.environ, "PATH": SYSTEM_PATH}


def _await_ready(engine: Engine, daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while engine.try_run("version").returncode != 0:
        if daemon.poll() is not None or time.monotonic() > deadline:
            raise EngineError(f"dockerd does not answer:\n{log_tail(log)}")
        time.sleep(0.2)
