"""ECS tasks as processes: the part of docker-py that the local AWS's ECS calls.

The emulator runs a task by asking Docker for a container. This object answers in Docker's
place: `containers.run` starts the container's command as a process of an environment on
disk. Desired counts, exit codes, secrets, overrides and log streams are the emulator's and
therefore real; what a container would isolate is imitated as far as Airflow notices:

- the file system: a working folder (`AIRFLOW_HOME`, `HOME`, `TMPDIR`) per task, mounts at their own path;
- the network: an address of its own per task. "0.0.0.0" in a command or a setting means every interface
  of a container, so here it becomes the task's address.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local import layout
from local.emulator.task_addresses import TaskAddresses
from local.errors import LocalStackError

LOG_POLL_SECONDS = 0.1
TASK_LABEL = "com.amazonaws.ecs.task-arn"
CONTAINER_LABEL = "com.amazonaws.ecs.container-name"
EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - what is looked for, not bound


class ImageNotFoundError(LocalStackError):
    """No environment on disk stands for that image name."""


@dataclass(frozen=True)
class ProcessImage:
    """What stands for a container image: an environment on disk and the image's own variables."""

    bin_folder: Path
    environ: Mapping[str, str]


class Container:
    """One container of a task: a process in a session of its own, its output in a file."""

    def __init__(
        self,
        name: str,
        process: subprocess.Popen[bytes],
        folder: Path,
        address: str,
        labels: Mapping[str, str],
        environ: Mapping[str, str],
        on_exit: Callable[[], None],
    ) -> None:
        self.id = name
        self.name = name
        self.folder = folder
        self.address = address
        self.labels = dict(labels)
        self.attrs = {"NetworkSettings": {"Networks": {"task": {"IPAddress": address}}}}
        self._environ = environ
        self._process = process
        self._on_exit = on_exit
        self._ended = threading.Event()
        threading.Thread(target=self._await_exit, daemon=True, name=f"exit-{name}").start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> str:
        return "running" if self._process.poll() is None else "exited"

    def reload(self) -> None:
        """Docker caches a container's status; a process's is always fresh."""

    def wait(self, timeout: float | None = None) -> dict[str, int]:
        """Docker's answer for an exit: 0-255, with 128 + n for a death by signal n."""
        code = self._process.wait(timeout)
        return {"StatusCode": 128 - code if code < 0 else code}

    def stop(self, timeout: float = 10) -> None:
        """SIGTERM to the main process, as a container's init gets it; SIGKILL to all after `timeout` seconds."""
        if self.status == "running":
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)
        self.kill()
        self._ended.wait(timeout)

    def kill(self, signal_number: int = signal.SIGKILL) -> None:
        """End every process of the container, unless it has ended: its group's number may be another's then."""
        if not self._ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal_number)
            self._process.wait()

    def execute(self, command: Sequence[str], timeout: float) -> int:
        """Run `command` in the container, as `docker exec` does; its exit code, or 1 when it took too long."""
        try:
            return subprocess.run(
                [shutil.which(command[0], path=self._environ["PATH"]) or command[0], *command[1:]],
                cwd=self.folder,
                env=dict(self._environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=timeout,
            ).returncode
        except (OSError, subprocess.TimeoutExpired):
            return 1

    def logs(
        self, *, stream: bool = False, follow: bool = False, tail: int | None = None, **_: Any
    ) -> bytes | Iterator[bytes]:
        if stream:
            return self._stream(follow)
        content = (self.folder / "output.log").read_bytes()
        return b"".join(content.splitlines(keepends=True)[-tail:]) if tail else content

    def remove(self, **_: Any) -> None:
        self.kill()

    def _stream(self, follow: bool) -> Iterator[bytes]:
        """Whole lines, until the process has ended and everything it wrote was given."""
        with (self.folder / "output.log").open("rb") as output:
            pending = b""
            while True:
                ended = self.status == "exited"
                pending += output.read()
                complete, newline, pending = pending.rpartition(b"\n")
                if newline:
                    yield complete + newline
                if ended or not follow:
                    if pending:
                        yield pending
                    return
                time.sleep(LOG_POLL_SECONDS)

    def _await_exit(self) -> None:
        """Nothing outlives a container's main process."""
        self._process.wait()
        self.kill()
        self._ended.set()
        self._on_exit()


class ProcessRuntime:
    """Stands where the emulator expects `docker.DockerClient`."""

    def __init__(
        self,
        images: Mapping[str, ProcessImage],
        addresses: TaskAddresses,
        folder: Path,
        resolve: Callable[[str], str] = lambda text: text,
    ) -> None:
        """`resolve` rewrites names that a task's own resolver would know (Service Connect)."""
        self._images = images
        self._addresses = addresses
        self._folder = folder
        self._resolve = resolve
        self._containers: dict[str, Container] = {}
        self._sharing: dict[str, tuple[str, int]] = {}
        """Per task, its address and how many containers use it."""
        self._sharing_lock = threading.Lock()
        self.containers = SimpleNamespace(run=self.run, get=self.get, list=self._list_reapable)
        self.images = SimpleNamespace(
            get=self._get_image, pull=self._get_image, get_registry_data=self._get_registry_data
        )
        self.networks = SimpleNamespace(list=lambda **_: [])

    def ping(self) -> bool:
        return True

    def run(
        self,
        image: str,
        *,
        command: Sequence[str] | None,
        environment: Mapping[str, str],
        name: str,
        labels: Mapping[str, str] | None = None,
        **_: Any,
    ) -> Container:
        """Start `command` as a process. Docker's other arguments describe an isolation that is not there."""
        process_image = self._get_image(image)
        if not command:
            raise ValueError(f"{name}: a task definition must say its command; an image here has none")
        folder = self._folder / name
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "tmp").mkdir(parents=True)
        task = (labels or {}).get(TASK_LABEL, name)
        address = self._take_address(task)

        def here(text: str) -> str:
            return self._resolve(text).replace(EVERY_INTERFACE, address)

        environ = {
            "PATH": f"{process_image.bin_folder}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "TMPDIR": str(folder / "tmp"),
            "HOSTNAME": address,
            "FARFLOW_LOOPBACK": address,
            layout.MARKER: os.environ.get(layout.MARKER, ""),
            "SPT_NOENV": "1",  # setproctitle would write its titles over the marker
            **{key: value.format(container=folder) for key, value in process_image.environ.items()},
            **{key: here(value) for key, value in environment.items()},
        }
        arguments = [here(argument) for argument in command]
        arguments[0] = shutil.which(arguments[0], path=environ["PATH"]) or arguments[0]
        try:
            with (folder / "output.log").open("wb") as output:
                process = subprocess.Popen(
                    arguments,
                    cwd=folder,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError:
            self._give_back_address(task)
            raise
        container = Container(
            name, process, folder, address, labels or {}, environ, lambda: self._give_back_address(task)
        )
        self._containers[name] = container
        return container

    def get(self, name: str) -> Any:
        """A container by name; the emulator itself counts as one, on the host's loopback address."""
        if name in self._containers:
            return self._containers[name]
        if name == os.environ.get("HOSTNAME", ""):
            return SimpleNamespace(attrs={"NetworkSettings": {"Networks": {"task": {"IPAddress": "127.0.0.1"}}}})
        raise KeyError(f"no container {name}")

    def of_task(self, task_arn: str, name: str) -> Container | None:
        """The container that a task definition calls `name`, of one task."""
        for container in list(self._containers.values()):
            labels = container.labels
            if labels.get(TASK_LABEL) == task_arn and labels.get(CONTAINER_LABEL) == name:
                return container
        return None

    def _take_address(self, task: str) -> str:
        """One network interface for all containers of a task, as with `awsvpc`."""
        with self._sharing_lock:
            address, containers = self._sharing.get(task) or (self._addresses.take(), 0)
            self._sharing[task] = (address, containers + 1)
            return address

    def _give_back_address(self, task: str) -> None:
        with self._sharing_lock:
            address, containers = self._sharing.pop(task)
            if containers > 1:
                self._sharing[task] = (address, containers - 1)
            else:
                self._addresses.give_back(address)

    def _list_reapable(self, **_: Any) -> list[Container]:
        """Docker's daemon outlives the emulator and needs reaping; these processes do not."""
        return []

    def _get_image(self, name: str, **_: Any) -> ProcessImage:
        try:
            return self._images[name]
        except KeyError:
            known = ", ".join(sorted(self._images))
            raise ImageNotFoundError(f"no environment stands for the image {name}; there are: {known}") from None

    def _get_registry_data(self, name: str, **_: Any) -> Any:
        """No registry: the emulator falls back to the image that is here, as ECS does to its cache."""
        raise ImageNotFoundError(f"there is no registry to ask for {name}")
