"""`make image-test`: builds `airflow/Dockerfile` on a substitute base, and runs what it made as ECS would.

Outside CI: it needs root, and takes minutes. The database is the local stack's PostgreSQL, the queue its SQS.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from local import aws, layout, postgres, postgres_client, stack_control
from local.errors import LocalStackError
from local.image import engine as engines
from local.image import substitute_base, task_environment
from local.image.engine import Engine

IMAGE = "farflow/airflow:image-test"
FOLDER = layout.STATE / "image-test"
PACKAGES = layout.STATE / "cache" / "image-packages"
LOOPBACK = f"127.77.{secrets.randbelow(250) + 1}.1"
"""An address of the containers' own, for they share the machine's network."""

START_SECONDS = 120.0
STOP_SECONDS = 120.0
"""The template's StopTimeout."""
TASK_SECONDS = 8
STARTS = 3

PROBE = """\
import time
from celery import shared_task

@shared_task(name="image_probe.work")
def work(seconds):
    print("probe began", flush=True)
    time.sleep(seconds)
    print("probe ended", flush=True)
"""
SEND = f"""\
from airflow.configuration import conf
from airflow.providers.celery.executors.celery_executor_utils import create_celery_app
create_celery_app(conf).send_task("image_probe.work", args=[{TASK_SECONDS}], queue="default")
"""
BYTECODE = """\
import importlib.util, pathlib, sysconfig
roots = [pathlib.Path("/opt/farflow"), pathlib.Path(sysconfig.get_path("purelib"), "airflow"),
         pathlib.Path(sysconfig.get_path("stdlib"), "asyncio")]
files = [file for root in roots for file in root.rglob("*.py")]
bare = [str(file) for file in files if not pathlib.Path(importlib.util.cache_from_source(file)).exists()]
print(len(files), len(bare), *bare[:3])
"""
START_TIME = f"""\
import os, statistics, subprocess, time
def seconds(**more):
    found = []
    for _ in range({STARTS}):
        began = time.monotonic()
        subprocess.run(["airflow", "version"], env={{**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **more}},
                       check=True, capture_output=True)
        found.append(time.monotonic() - began)
    return statistics.median(found)
seconds()
print(f"{{seconds():.1f}} {{seconds(PYTHONPYCACHEPREFIX='/nowhere'):.1f}}")
"""


class CheckError(LocalStackError):
    """The image does not do what it must; the message says what was seen."""


@dataclass
class Report:
    """One line per step as it ends, and what failed."""

    failed: list[str] = field(default_factory=list)

    def step[ResultT](self, name: str, act: Callable[[], ResultT]) -> ResultT:
        """A step that the rest needs: its error ends the run."""
        began = time.monotonic()
        result = act()
        print(f"ok   {name:<58} {time.monotonic() - began:6.1f} s", flush=True)
        return result

    def check(self, name: str, look: Callable[[], str]) -> None:
        """A claim about the image; `look` returns what was seen, or raises."""
        began = time.monotonic()
        try:
            seen, verdict = look(), "ok  "
        except LocalStackError as error:
            seen, verdict = str(error), "FAIL"
            self.failed.append(name)
        print(f"{verdict} {name:<58} {time.monotonic() - began:6.1f} s  {seen}", flush=True)


@dataclass(frozen=True)
class Services:
    """What containers of the image talk to."""

    stack: layout.Stack
    queue_url: str
    secrets: dict[str, str]

    def environ(self, component: str, *conditions: str) -> dict[str, str]:
        """The template's own variables for `component`, and what ECS would inject."""
        parameters = {
            "AWS::Region": layout.REGION,
            "Component": component,
            "DatabaseSslMode": "disable",
            "WorkQueues": json.dumps({"default": {"url": self.queue_url}}),
            "WorkerGroup": "default",
            "StateTableName": "none",
            "WorkerConcurrency": "2",
            "Parallelism": "8",
            "FileSystemMountPath": "/mnt/dags",
            "LogsBucketName": "logs",
            "DataBucketName": "data",
        }
        return {
            **task_environment.variables(parameters, set(conditions)),
            **self.secrets,
            **self.stack.environ,
            "FARFLOW_LOOPBACK": LOOPBACK,
        }


class Container:
    """One container of the image, started as ECS starts a task's."""

    def __init__(self, engine: Engine, name: str, command: list[str], environ: dict[str, str], *options: str) -> None:
        self.name = f"image-test-{name}"
        self._engine = engine
        variables = [part for key, value in environ.items() for part in ("--env", f"{key}={value}")]
        arguments = [argument.replace("0.0.0.0", LOOPBACK) for argument in command]  # noqa: S104 - looked for, not bound
        engine.run("run", "--detach", "--network", "host", "--name", self.name, *variables, *options, IMAGE, *arguments)

    @property
    def log(self) -> str:
        return self._engine.run("logs", self.name)

    def execute(self, *command: str) -> str:
        return self._engine.run("exec", self.name, *command)

    def exit_code(self) -> int | None:
        state = json.loads(self._engine.run("inspect", "--format", "{{json .State}}", self.name))
        return None if state["Running"] else int(state["ExitCode"])

    def await_exit(self, seconds: float) -> int:
        deadline = time.monotonic() + seconds
        while (code := self.exit_code()) is None:
            if time.monotonic() > deadline:
                raise CheckError(f"{self.name} still runs after {seconds:.0f} s:\n{self.log[-2000:]}")
            time.sleep(0.1)
        return code

    def await_true(self, look: Callable[[], bool], what: str) -> float:
        """Seconds until `look` is true."""
        began = time.monotonic()
        while not look():
            if self.exit_code() is not None or time.monotonic() - began > START_SECONDS:
                raise CheckError(f"{self.name}: {what} did not come:\n{self.log[-3000:]}")
            time.sleep(0.5)
        return time.monotonic() - began

    def is_healthy(self, component: str) -> bool:
        """The task definition's health check."""
        check = self._engine.try_run("exec", self.name, "python", "-m", "farflow.healthcheck", component)
        return check.returncode == 0

    def terminate(self) -> tuple[int, float]:
        """SIGTERM, as ECS stops a task: exit code and seconds."""
        began = time.monotonic()
        self._engine.run("kill", "--signal", "TERM", self.name)
        return self.await_exit(STOP_SECONDS), time.monotonic() - began

    def remove(self) -> None:
        self._engine.try_run("rm", "--force", "--volumes", self.name)


def once(engine: Engine, *command: str) -> str:
    """The output of `command` in a container without network."""
    return engine.run("run", "--rm", "--network", "none", IMAGE, *command).strip()


def look_at_image(engine: Engine, report: Report) -> None:
    """What can be seen without a database."""

    def version() -> str:
        seen = once(engine, "airflow", "version").splitlines()[-1]
        locked = re.search(
            r"^apache-airflow==([\d.]+)", (layout.ROOT / "airflow/requirements.txt").read_text(), re.MULTILINE
        )
        if locked is None or seen != locked[1]:
            raise CheckError(f"airflow version says {seen}")
        return seen

    def user() -> str:
        seen = once(engine, "id")
        if not seen.startswith("uid=50000(airflow) gid=0(root)"):
            raise CheckError(seen)
        return seen

    def read_only() -> str:
        tries = "; ".join(
            f"touch {path}/written 2>/dev/null && echo {path}"
            for path in ("/opt/farflow", "/opt/farflow/farflow", "/opt/farflow/farflow/__pycache__", "/usr/python/bin")
        )
        written = once(engine, "bash", "-c", f"{tries}; true")
        if written:
            raise CheckError(f"the user can write {written.split()}")
        return "none of them could be written"

    def bytecode() -> str:
        count, bare, *which = once(engine, "python", "-c", BYTECODE).split()
        if int(bare):
            raise CheckError(f"{bare} of {count} files have no bytecode, such as {which}")
        return f"{count} files"

    def starts() -> str:
        with_it, without = once(engine, "python", "-c", START_TIME).split()
        return f"{with_it} s, without bytecode {without} s (median of {STARTS})"

    report.check("airflow version is the lock's", version)
    report.check("containers run as user 50000 of group 0, not as root", user)
    report.check("Farflow's code and the interpreter are not the user's", read_only)
    report.check("every file of Farflow and Airflow has its bytecode", bytecode)
    report.check("time of `airflow version`", starts)


@contextlib.contextmanager
def container(
    engine: Engine, name: str, command: list[str], environ: dict[str, str], *options: str
) -> Iterator[Container]:
    started = Container(engine, name, command, environ, *options)
    try:
        yield started
    finally:
        started.remove()


def run_components(engine: Engine, report: Report, services: Services, probe: Path) -> None:
    """Migration, a server and a worker, each with the template's command and variables."""

    def migration() -> str:
        environ = services.environ("migration", "HoldsSecrets", "IsMigration")
        with container(engine, "migration", [*task_environment.command("Migration"), "prepare"], environ) as task:
            code = task.await_exit(START_SECONDS)
            if code != 0:
                raise CheckError(f"exit code {code}:\n{task.log[-3000:]}")
        return "exit code 0"

    def server() -> str:
        environ = services.environ("execution-api", "HoldsSecrets", "IsExecutionApi")
        with container(engine, "execution-api", task_environment.command("ExecutionApi"), environ) as task:
            if task.is_healthy("execution-api"):
                raise CheckError("healthy before it can be")
            seconds = task.await_true(lambda: task.is_healthy("execution-api"), "health")
            code, stop_seconds = task.terminate()
            if code != 0:
                raise CheckError(f"after SIGTERM: exit code {code}:\n{task.log[-3000:]}")
            return f"healthy after {seconds:.1f} s; SIGTERM: exit code 0 in {stop_seconds:.1f} s"

    def worker() -> str:
        environ = {
            **services.environ("worker"),
            "PYTHONPATH": "/opt/farflow:/opt/probe",
            "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": '{"imports": ["farflow.celery_extension", "image_probe"]}',
        }
        command = task_environment.command("Workers")
        with container(engine, "worker", command, environ, "--volume", f"{probe}:/opt/probe:ro") as task:
            seconds = task.await_true(lambda: task.is_healthy("worker"), "health")
            task.execute("python", "-c", SEND)
            task.await_true(lambda: "probe began" in task.log, "the Celery task")
            code, stop_seconds = task.terminate()
            if code != 0 or "probe ended" not in task.log:
                raise CheckError(f"after SIGTERM: exit code {code}, the task did not end:\n{task.log[-3000:]}")
            return (
                f"healthy after {seconds:.1f} s; SIGTERM within a task of {TASK_SECONDS} s: "
                f"the task ended, exit code 0 in {stop_seconds:.1f} s"
            )

    report.check("migration of an empty PostgreSQL", migration)
    report.check("Execution API: health check, SIGTERM", server)
    report.check("Celery worker over SQS: health check, warm SIGTERM", worker)


def measure(engine: Engine) -> None:
    """Print the image's size and each layer's share."""
    total = int(engine.run("image", "inspect", "--format", "{{.Size}}", IMAGE))
    base = int(engine.run("image", "inspect", "--format", "{{.Size}}", substitute_base.NAME))
    compressed, compressed_base = engine.compressed_bytes(IMAGE), engine.compressed_bytes(substitute_base.NAME)
    print(f"\nsize {total / 1e6:.0f} MB unpacked, of which {base / 1e6:.0f} MB are the substitute base;")
    print(f"     {compressed / 1e6:.0f} MB compressed, of which {compressed_base / 1e6:.0f} MB are the substitute base")
    lines = engine.run("history", "--human=false", "--no-trunc", "--format", "{{.Size}}\t{{.CreatedBy}}", IMAGE)
    for line in lines.splitlines():
        size, _, made_by = line.partition("\t")
        if int(size):
            print(f"{int(size) / 1e6:8.1f} MB {100 * int(size) / total:5.1f} %  {' '.join(made_by.split())[:90]}")


def services_of(stack: layout.Stack) -> Services:
    queue_url = aws.client(stack, "sqs").create_queue(QueueName="image-test")["QueueUrl"]
    return Services(
        stack,
        queue_url,
        {
            "DATABASE_HOST": "127.0.0.1",
            "DATABASE_PORT": str(stack.postgres_port),
            "DATABASE_NAME": postgres.DATABASE,
            "DATABASE_USERNAME": postgres_client.USER,
            "DATABASE_PASSWORD": postgres.PASSWORD_FILE.read_text(),
            "FERNET_KEY": secrets.token_urlsafe(32),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
            "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(48),
            "ADMINISTRATOR_USERNAME": "admin",
            "ADMINISTRATOR_PASSWORD": secrets.token_urlsafe(24),
        },
    )


def build(engine: Engine, base: str) -> None:
    engine.run(
        *("build", "--network", "host", "--build-arg", f"AIRFLOW_BASE_IMAGE={base}", "--tag", IMAGE),
        str(layout.ROOT / "airflow"),
    )


def test_image() -> int:
    """Run every check; the exit code says whether all held."""
    engines.check_machine()
    if stack_control.running() is not None:
        raise CheckError("the local stack of this clone runs, and is needed fresh: make down")
    report = Report()
    with engines.running(FOLDER) as engine, substitute_base.served(PACKAGES) as package_index:
        report.step("fetch the lock's packages", lambda: substitute_base.download_packages(PACKAGES))
        base = report.step(
            "build the substitute base", lambda: substitute_base.build(engine, FOLDER / "base", package_index)
        )
        report.step("build airflow/Dockerfile on it", lambda: build(engine, base))
        look_at_image(engine, report)
        probe = FOLDER / "probe"
        probe.mkdir()
        (probe / "image_probe.py").write_text(PROBE)
        try:
            services = services_of(report.step("start PostgreSQL and SQS", stack_control.start))
            run_components(engine, report, services, probe)
        finally:
            stack_control.stop()
        measure(engine)
    print(f"\n{len(report.failed)} checks failed: {', '.join(report.failed)}" if report.failed else "\nall checks hold")
    return 1 if report.failed else 0


def main() -> int:
    try:
        return test_image()
    except LocalStackError as error:
        print(f"image-test: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
