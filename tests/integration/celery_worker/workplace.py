"""A queue, a state table, a note of what ran, and the worker processes that work there."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import layout
from tests.contract import templates
from tests.integration.celery_worker.agent import Agent, serving
from tests.integration.local_aws.conftest import LocalAws
from tests.waiting import eventually

QUEUE = "default"
TABLE = "state"
SLOTS = 2
POLLING_SECONDS = 0.5
"""A worker that has nothing to do polls again by then."""
LONG_POLL_SECONDS = 20
VISIBILITY_SECONDS = int(templates.stack("work_queue")["Resources"]["WorkQueue"]["Properties"]["VisibilityTimeout"])
SETTLING_SECONDS = VISIBILITY_SECONDS / 2
"""How long a test waits for anything: what comes only when a message is visible again is not there by then."""


@dataclass(frozen=True)
class Worker:
    """One worker process and its ECS task's agent."""

    id: str
    agent: Agent
    process: subprocess.Popen[bytes]
    log_file: Path
    place: Workplace

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def item(self) -> dict[str, str]:
        """What it reported and was told, as plain text by attribute."""
        answer = self.place.dynamodb.get_item(
            TableName=TABLE, Key={"id": {"S": f"worker#{self.id}"}}, ConsistentRead=True
        )
        return {name: next(iter(value.values())) for name, value in answer.get("Item", {}).items()}

    def order(self, order: str) -> None:
        self.place.dynamodb.update_item(
            TableName=TABLE,
            Key={"id": {"S": f"worker#{self.id}"}},
            UpdateExpression="SET #order = :order",
            ExpressionAttributeNames={"#order": "order"},
            ExpressionAttributeValues={":order": {"S": order}},
        )

    def await_phase(self, phase: str) -> None:
        self._await(lambda: self.item.get("phase") == phase, f"it is {phase}")

    def await_begun(self, names: list[str]) -> None:
        self._await(lambda: set(names) <= set(self.place.began), "the tasks begin")

    def await_done(self, names: list[str]) -> None:
        """The tasks, and with their messages."""
        self._await(lambda: set(names) <= set(self.place.ended), "the tasks end")
        self.await_empty_queue()

    def await_empty_queue(self) -> None:
        self._await(lambda: self.place.depth == (0, 0), "no message is left")

    def result(self, task_id: str) -> str:
        """The state that Celery's result backend has of a task."""
        with closing(sqlite3.connect(self.log_file.with_name("results.db"))) as results:
            rows = results.execute("SELECT status FROM celery_taskmeta WHERE task_id = ?", [task_id]).fetchall()
        ((state,),) = rows
        return str(state)

    def await_log(self, words: str) -> None:
        self._await(lambda: words in self.log, f"it logs {words}")

    def await_poll(self) -> None:
        """It has run what there was, and its long poll is open: an empty queue answers none before 20 s."""
        self.await_phase("accepting")
        self.await_done([self.place.run(0)])
        time.sleep(POLLING_SECONDS)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def await_exit(self, seconds: float = LONG_POLL_SECONDS) -> int:
        """Its exit code. Without more seconds, it did not hear a long poll out."""
        self._await(lambda: self.process.poll() is not None, "it exits by itself", seconds)
        return int(self.process.returncode)

    def _await(self, look: Callable[[], bool], what: str, seconds: float = SETTLING_SECONDS) -> None:
        eventually(look, seconds, what, pause_seconds=0.05, context=lambda: self.log[-4000:])


class Workplace:
    """Made anew for each test."""

    def __init__(self, aws: LocalAws, folder: Path) -> None:
        self.aws = aws
        self.sqs = aws.client("sqs")
        self.dynamodb = aws.client("dynamodb")
        self._folder = folder
        self._notes = folder / "runs"
        self._notes.touch()
        self.queue_url = self.sqs.create_queue(
            QueueName=f"work-{uuid.uuid4().hex}", Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}
        )["QueueUrl"]

    def run(self, seconds: float) -> str:
        """Send a message of a task that takes so long; return its name."""
        name = uuid.uuid4().hex[:8]
        self.send("noted_runs.run", name, seconds)
        return name

    def send(self, task: str, *arguments: Any) -> str:
        """A message of Celery's task of that name; return its Celery id."""
        task_id = str(uuid.uuid4())
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=celery_message(task_id, task, arguments))
        return task_id

    @property
    def depth(self) -> tuple[int, int]:
        """How many messages wait, and how many are in flight."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    @property
    def began(self) -> Counter[str]:
        return self._noted("began")

    @property
    def ended(self) -> Counter[str]:
        return self._noted("ended")

    def assert_each_ran_once(self, names: Sequence[str]) -> None:
        once = dict.fromkeys(names, 1)
        assert {name: self.began[name] for name in names} == once
        assert {name: self.ended[name] for name in names} == once

    @contextmanager
    def worker(self, *, refused: bool = False) -> Iterator[Worker]:
        """A worker as the templates start one. It is killed at the end, if it runs still."""
        task_id = uuid.uuid4().hex
        folder = self._folder / task_id
        folder.mkdir()
        with ExitStack() as ends:
            agent = ends.enter_context(serving(Agent(task_id, refuses=refused)))
            environ = self._environ(folder, agent)
            command = templates.stack("worker_group")["Resources"]["Workers"]["Properties"]["Parameters"]["Command"]
            # Without what waits for the database's revision: here is no database of Airflow's.
            started = command["Fn::Sub"].removeprefix("python,-m,farflow.start,")
            program, *arguments = started.replace("${WorkerGroup}", QUEUE).split(",")
            process = subprocess.Popen(
                [shutil.which(program, path=environ["PATH"]) or program, *arguments],
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=ends.enter_context((folder / "log").open("wb")),
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield Worker(task_id, agent, process, folder / "log", self)
            finally:
                end_session(process)
            assert agent.problems == []

    def _environ(self, folder: Path, agent: Agent) -> dict[str, str]:
        settings = template_settings()
        extra = json.loads(settings["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"])
        extra["imports"].append("noted_runs")
        paths = (layout.ROOT / "airflow", Path(__file__).parent)
        return {
            "PATH": f"{layout.environment_python('airflow').parent}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONUNBUFFERED": "1",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "AIRFLOW_HOME": str(folder),
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": layout.REGION,
            **settings,
            "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": json.dumps(extra),
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+sqlite:///{folder}/results.db",
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(SLOTS),
            "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__REGION": layout.REGION,
            "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__PREDEFINED_QUEUES": json.dumps({QUEUE: {"url": self.queue_url}}),
            "FARFLOW_STATE_TABLE": TABLE,
            "FARFLOW_WORKER_GROUP": QUEUE,
            "FARFLOW_TEST_RUNS": str(self._notes),
            **agent.environ,
        }

    def _noted(self, what: str) -> Counter[str]:
        notes = (line.split() for line in self._notes.read_text().splitlines())
        return Counter(name for happened, name in notes if happened == what)


def template_settings() -> dict[str, str]:
    """Celery's settings that the template gives a worker, those that it does not compute."""
    resources = templates.stack("airflow_service")["Resources"]
    (definition,) = (each for each in resources.values() if each["Type"] == "AWS::ECS::TaskDefinition")
    (container,) = definition["Properties"]["ContainerDefinitions"]
    return {
        each["Name"]: each["Value"]
        for each in container["Environment"]
        if each.get("Name", "").startswith("AIRFLOW__CELERY") and isinstance(each["Value"], str)
    }


def celery_message(task_id: str, task: str, arguments: Sequence[Any]) -> str:
    """What Celery's second message protocol sends through kombu's SQS transport."""
    nothing = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    message = {
        "body": base64.b64encode(json.dumps([arguments, {}, nothing]).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": task, "id": task_id, "root_id": task_id, "retries": 0},
        "properties": {
            "correlation_id": task_id,
            "delivery_mode": 2,
            "delivery_info": {"exchange": QUEUE, "routing_key": QUEUE},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
        },
    }
    return base64.b64encode(json.dumps(message).encode()).decode()


def workload(kind: str, seconds_left: int) -> str:
    """What `execute_workload` is given, but for all that says what to run: its token, which nobody has signed."""
    parts = ({"alg": "HS256"}, {"exp": int(time.time()) + seconds_left}, {})
    token = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return json.dumps({"type": kind, "token": token})


def end_session(process: subprocess.Popen[bytes]) -> None:
    """The worker and its pool: one that lost its worker would look on for tasks."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
