"""Farflow's code in Airflow's processes, run by the interpreter of the Airflow environment."""

import subprocess
from pathlib import Path

from local import layout


def in_airflow(code: str, tmp_path: Path) -> str:
    result = subprocess.run(
        [str(layout.environment_python("airflow")), "-c", code],
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(layout.ROOT / "airflow"),
            "TMPDIR": str(tmp_path),
            "AIRFLOW_HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


ANSWERS = """
import logging, sys
from types import SimpleNamespace
from kombu.asynchronous.aws.sqs.connection import AsyncSQSConnection
from kombu.transport import SQS
from farflow import celery_extension

def answer(connection_class, status, body=b"{{}}"):
    connection = object.__new__(connection_class)
    model = SimpleNamespace(operation_model=lambda name: None)
    connection.sqs_connection = SimpleNamespace(meta=SimpleNamespace(service_model=model))
    response = SimpleNamespace(status=status, reason="why", read=lambda: body, response=None)
    return connection._on_list_ready(None, None, "ReceiveMessage", response)
{code}
"""


def test_every_failed_poll_is_known_for_one(tmp_path: Path) -> None:
    """Also a 200 that cannot be parsed, as here, where there is no response to parse."""
    code = """
for status in (200, 307, 400, 403, 408, 429, 500, 502, 503, 504, 599):
    print(status, type(answer(celery_extension.GuardedConnection, status)).__name__)
"""
    lines = in_airflow(ANSWERS.format(code=code), tmp_path).splitlines()
    assert len(lines) == 11
    assert all(line.endswith(" Failure") for line in lines), lines


def test_kombu_still_needs_the_guard(tmp_path: Path) -> None:
    """When this fails, the pinned kombu has mended a part of it: look whether the guard can go."""
    code = """
print(answer(AsyncSQSConnection, 503))
try:
    answer(AsyncSQSConnection, 403)
except Exception as error:
    print("stopped:", error)
try:
    object.__new__(SQS.Channel)._on_messages_ready("url", "default", [])
except AttributeError as error:
    print("stopped:", error)
"""
    outcome = in_airflow(ANSWERS.format(code=code), tmp_path).splitlines()
    assert outcome[0] == "[]"
    assert [line.partition(":")[0] for line in outcome[1:]] == ["stopped", "stopped"]


POLL = """
import socket, time
from kombu.asynchronous import Hub, set_event_loop
from kombu.asynchronous.aws.connection import AsyncHTTPSConnection
from kombu.asynchronous.http import get_client
from farflow import celery_extension

celery_extension.POLL_TIMEOUT_SECONDS = 1
silent = socket.create_server(("127.0.0.1", 0))  # accepts, and never answers
hub = Hub()
set_event_loop(hub)
def poll(connection_class):
    connection = connection_class(http_client=get_client(hub), timeout=1.0)
    connection.request("POST", f"http://127.0.0.1:{silent.getsockname()[1]}/", b"", {})
    statuses = []
    connection.getresponse(callback=lambda response: statuses.append(response.status))
    loop, deadline = hub.create_loop(), time.monotonic() + 4
    while not statuses and time.monotonic() < deadline:
        next(loop)
    return statuses
print(poll(AsyncHTTPSConnection), poll(celery_extension.GuardedHttpsConnection))  # in this order: curl keeps options
"""


def test_poll_that_is_never_answered_is_given_up_and_kombu_s_is_not(tmp_path: Path) -> None:
    """When kombu's own gives up too, the pinned version has mended it: `GuardedHttpsConnection` can go."""
    assert in_airflow(POLL, tmp_path) == "[] [599]"


CHANNEL = """
import logging, random
from types import SimpleNamespace
from kombu.transport import SQS
from farflow import celery_extension
from farflow.queue_outage import Failure
logging.basicConfig(format="%(message)s", stream=__import__("sys").stdout)
random.random = lambda: 0.0
delays = []
channel = object.__new__(celery_extension.GuardedChannel)
channel.hub = SimpleNamespace(call_later=lambda delay, *_: delays.append(delay), call_soon=lambda *_: None)
channel.connection = SimpleNamespace(polling_interval=0.1)
"""


def test_failed_polls_are_repeated_later_each_time_and_success_ends_that(tmp_path: Path) -> None:
    code = """
for _ in range(7):
    channel._loop1("default", channel._on_messages_ready("url", "default", Failure("HTTP 403")))
channel._loop1("default", channel._on_messages_ready("url", "default", {}))
channel._loop1("default", channel._on_messages_ready("url", "default", Failure("HTTP 500")))
print(delays)
"""
    lines = in_airflow(CHANNEL + code, tmp_path).splitlines()
    assert lines[-1] == "[1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0, 0.1, 1.0]"
    assert lines[:-1] == [
        "the work queue failed, the 1. time in a row in 0 s: HTTP 403",
        "the work queue answers again, after 7 failures in 0 s",
        "the work queue failed, the 1. time in a row in 0 s: HTTP 500",
    ]


def test_poll_that_cannot_even_be_sent_is_repeated(tmp_path: Path) -> None:
    """Credentials that cannot be fetched, for one."""
    code = """
def no_credentials(*_):
    raise RuntimeError("no credentials")
SQS.Channel._schedule_queue = no_credentials
channel._schedule_queue("default")
print(delays)
"""
    assert in_airflow(CHANNEL + code, tmp_path).splitlines()[-1] == "[1.0]"


def test_blocking_calls_end_before_the_worker_counts_as_hanging(tmp_path: Path) -> None:
    """Botocore's options as the client has them: attempts times both timeouts stay below the health check's limit."""
    code = """
import os
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
from farflow.healthcheck import WORKER_SILENCE_SECONDS
channel.connection.client = SimpleNamespace(hostname=None, transport_options={})
config = channel.new_sqs_client("us-east-1", "test", "test").meta.config
longest = config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout)
print(longest, longest < WORKER_SILENCE_SECONDS / 2)
"""
    assert in_airflow(CHANNEL + code, tmp_path).endswith(" True")


def test_worker_gets_the_guard_the_health_file_and_the_look_at_tokens(tmp_path: Path) -> None:
    code = """
from types import SimpleNamespace
from kombu.transport.SQS import Transport
from farflow import celery_extension
class ExecuteWorkload: pass
worker = SimpleNamespace(app=SimpleNamespace(steps={"consumer": set()}, tasks={"execute_workload": ExecuteWorkload()}))
celery_extension.extend_worker(sender=worker)
print(Transport.Channel.__name__, sorted(step.__name__ for step in worker.app.steps["consumer"]))
print(ExecuteWorkload.before_start.__module__)
"""
    lines = in_airflow(code, tmp_path).splitlines()
    assert lines == ["GuardedChannel ['HealthFile', 'Keeping']", "farflow.expired_workloads"]


EXIT = """
import selectors, subprocess, time, psutil
from airflow.sdk.execution_time import supervisor
from farflow import task_exit
{patch}
task = object.__new__(supervisor.ActivitySubprocess)
task.selector = selectors.DefaultSelector()
task._open_sockets = {{}}
task._exit_code = task._terminal_state = task._process_exit_monotonic = None
task._last_successful_heartbeat = task._last_heartbeat_attempt = time.monotonic()
child = subprocess.Popen(["sleep", "0.3"])
task._process, task.pid = supervisor.PsutilTracker(psutil.Process(child.pid)), child.pid
began = time.monotonic()
task._monitor_subprocess()
print(time.monotonic() - began)
"""


def test_exit_of_a_task_is_noticed_at_once(tmp_path: Path) -> None:
    """Its streams have ended, its process has not yet."""
    seconds = in_airflow(EXIT.format(patch="task_exit.notice_at_once()"), tmp_path).splitlines()[-1]
    assert float(seconds) < 1


def test_airflow_still_sleeps_over_the_exit_of_a_task(tmp_path: Path) -> None:
    """When this fails, the pinned Airflow has mended it: remove `task_exit`."""
    assert float(in_airflow(EXIT.format(patch=""), tmp_path).splitlines()[-1]) > 4


EXECUTOR = """
import logging, time
from botocore.exceptions import ClientError, EndpointConnectionError
from kombu.transport.SQS.exceptions import UndefinedQueueException
from airflow.providers.celery.executors.celery_executor import CeleryExecutor
from airflow.providers.celery.executors.celery_executor_utils import ExceptionWithTraceback
from airflow.providers.common.compat.sdk import AirflowTaskTimeout
from farflow import executor

def refusal(status, code):
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "SendMessage")

offered, answers = [], {}
def send(self, workloads):
    offered.extend(key for key, *_ in workloads)
    return [
        (key, None, ExceptionWithTraceback(answers[key], "") if answers.get(key) else "sent")
        for key, *_ in workloads
    ]
CeleryExecutor._send_workloads_to_celery = send
clock = 0.0
executor.time.monotonic = lambda: clock
celery = object.__new__(executor.PatientCeleryExecutor)
celery._sync_parallelism = 8
work = [(key, None, "default", None) for key in ("a", "b", "c")]
def returned():
    offered.clear()
    return [key for key, *_ in celery._send_workloads_to_celery(work)]
"""


def test_what_cannot_be_sent_stays_queued_and_is_sent_when_sqs_is_back(tmp_path: Path) -> None:
    code = """
for error in (
    refusal(503, "ServiceUnavailable"), refusal(403, "AccessDeniedException"), AirflowTaskTimeout("1 s"),
    EndpointConnectionError(endpoint_url="sqs"), ConnectionResetError(),
):
    answers.update(a=error, b=None, c=None)
    assert returned() == ["b", "c"], error
    assert returned() == [] and offered == [], "not before the delay is over"
    clock += 1000
    assert returned() == [] and offered == ["a"], "one tries for all"
    clock += 1000
    answers.update(a=None)
    assert returned() == ["a", "b", "c"]
print("held")
"""
    assert in_airflow(EXECUTOR + code, tmp_path).endswith("held")


def test_what_can_never_be_sent_is_given_up_at_once(tmp_path: Path) -> None:
    code = """
for error in (refusal(400, "InvalidMessageContents"), UndefinedQueueException("no such queue"), ValueError()):
    answers.update(a=error)
    assert returned() == ["a", "b", "c"]
print("given up")
"""
    assert in_airflow(EXECUTOR + code, tmp_path).endswith("given up")


def test_scheduler_looks_sooner_while_it_sends_tasks(tmp_path: Path) -> None:
    """Also of a scheduler that exists before its executor starts, as Airflow's does."""
    code = """
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
runner = object.__new__(SchedulerJobRunner)
runner._scheduler_idle_sleep_time = 0.2
celery.start()
sleeps = [runner._scheduler_idle_sleep_time]
returned()
sleeps.append(runner._scheduler_idle_sleep_time)
clock += 1.0
sleeps.append(runner._scheduler_idle_sleep_time)
print(sleeps)
"""
    assert in_airflow(EXECUTOR + code, tmp_path).endswith("[0.2, 0.1, 0.2]")


def test_scheduler_still_reads_the_attribute_of_its_sleep(tmp_path: Path) -> None:
    """A pinned Airflow that names it otherwise would be slow without a word."""
    code = """
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from farflow.scheduler_pace import ATTRIBUTE
for function in (SchedulerJobRunner.__init__, SchedulerJobRunner._run_scheduler_loop):
    print(ATTRIBUTE in function.__code__.co_names)
"""
    assert in_airflow(code, tmp_path).split()[-2:] == ["True", "True"]


SENDS = """
import json, os, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

class Sqs(BaseHTTPRequestHandler):
    dropping, dropped, sent = 0, 0, 0
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if Sqs.dropping:
            Sqs.dropping -= 1
            Sqs.dropped += 1
            self.close_connection = True
            return
        Sqs.sent += self.headers["X-Amz-Target"].endswith("SendMessage")
        answer = json.dumps({{"Attributes": {{"ApproximateNumberOfMessages": "0"}}, "MessageId": "1"}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Sqs)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{{server.server_port}}"
os.environ.update(
    AIRFLOW__CELERY__BROKER_URL="sqs://", AIRFLOW__CELERY__RESULT_BACKEND="db+sqlite://", AWS_ENDPOINT_URL=url,
    AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AIRFLOW__CELERY__OPERATION_TIMEOUT="30",
    AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__REGION="us-east-1", AIRFLOW__CELERY__SYNC_PARALLELISM="1",
    AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__PREDEFINED_QUEUES=json.dumps({{"default": {{"url": url + "/0/work"}}}}),
    AIRFLOW__CELERY__EXTRA_CELERY_CONFIG=json.dumps({{"task_publish_retry": {retry}}}),
)
from airflow.executors.workloads import BaseWorkload
from farflow import executor
celery = executor.PatientCeleryExecutor()
workload = SimpleNamespace(ti=None, model_dump_json=lambda: "{{}}")
def send():
    celery._next_try = 0.0
    return [type(getattr(result, "exception", result)).__name__ for *_, result in
            celery._send_workloads_to_celery([("key", workload, "default", None)])]
{code}
"""


def dropped_sends(tmp_path: Path, code: str, retry: bool) -> str:
    return in_airflow(SENDS.format(code=code, retry=retry), tmp_path).splitlines()[-1]


def test_send_succeeds_after_any_number_of_dropped_connections(tmp_path: Path) -> None:
    """With the template's setting: over a connection that broke during one send, the next ones succeed."""
    code = """
outcomes = []
for dropping in range(1, 13):
    Sqs.dropping = dropping
    for _ in range(dropping + 1):
        results = send()
        if results:
            break
    outcomes.append(results)
print(outcomes == [["AsyncResult"]] * 12, Sqs.sent, Sqs.dropping, outcomes)
"""
    assert dropped_sends(tmp_path, code, retry=False).startswith("True 12 0 ")


def test_celery_s_own_retry_still_breaks_on_a_dropped_connection(tmp_path: Path) -> None:
    """When this fails, kombu or Celery has mended it: `task_publish_retry` may be left on."""
    code = """
seen = set()
for dropping in range(1, 13):
    Sqs.dropping = dropping
    seen.update(send())
print(sorted(seen))
"""
    assert "AttributeError" in dropped_sends(tmp_path, code, retry=True)


def test_worker_without_a_health_file_is_unhealthy(tmp_path: Path) -> None:
    check = "from farflow import healthcheck; print(healthcheck.main('worker'))"
    assert in_airflow(check, tmp_path).endswith("1")
    (tmp_path / "farflow-worker-healthy").touch()
    assert in_airflow(check, tmp_path).endswith("0")


def test_fernet_key_of_the_template_is_one(tmp_path: Path) -> None:
    """43 letters and digits and the "=" of the settings, expanded by Airflow itself."""
    code = """
import os
os.environ["FERNET_KEY"] = "Ab3" * 14 + "9"
os.environ["AIRFLOW__CORE__FERNET_KEY"] = "${FERNET_KEY}="
from airflow.configuration import conf
from cryptography.fernet import Fernet
fernet = Fernet(conf.get("core", "fernet_key"))
print(fernet.decrypt(fernet.encrypt(b"secret")).decode())
"""
    assert in_airflow(code, tmp_path).endswith("secret")


GATED = """
from farflow.work_gate import GATE
from farflow.worker_life import Gate
asked, heard, given, taken = [], [], [], []
SQS.Channel._get_bulk_async = lambda self, queue, callback=None: asked.append(queue)
SQS.Channel._release_messages = lambda self, queue, qname, messages: given.extend(messages)
SQS.Channel._on_messages_ready = lambda self, queue, qname, messages: taken.append((messages, GATE.polls))
"""


def test_shut_gate_lets_no_poll_begin_and_kombu_looks_again(tmp_path: Path) -> None:
    code = """
channel._get_bulk_async("default", heard.append)
print(asked, heard, GATE.polls)
GATE.set(Gate.OPEN)
channel._get_bulk_async("default", heard.append)
print(asked, heard, GATE.polls)
"""
    lines = in_airflow(CHANNEL + GATED + code, tmp_path).splitlines()
    assert lines == ["[] [[]] 0", "['default'] [[]] 1"]


def test_poll_counts_until_its_messages_are_in_hand_or_given_back(tmp_path: Path) -> None:
    code = """
for gate in (Gate.SHUT, Gate.GIVING_BACK):
    GATE.set(Gate.OPEN)
    channel._get_bulk_async("default")
    GATE.set(gate)
    channel._on_messages_ready("url", "default", {"Messages": ["m"]})
print(taken, given, GATE.polls)
"""
    lines = in_airflow(CHANNEL + GATED + code, tmp_path).splitlines()
    assert lines == ["[({'Messages': ['m']}, 1)] ['m'] 0"]


def test_failed_poll_and_one_that_cannot_begin_count_no_more(tmp_path: Path) -> None:
    code = """
GATE.set(Gate.OPEN)
channel._get_bulk_async("default")
channel._on_messages_ready("url", "default", Failure("HTTP 500"))
print(GATE.polls)
def no_credentials(*_):
    raise RuntimeError("no credentials")
SQS.Channel._get_bulk_async = no_credentials
try:
    channel._get_bulk_async("default")
except RuntimeError:
    print(GATE.polls)
"""
    assert in_airflow(CHANNEL + GATED + code, tmp_path).splitlines() == ["0", "0"]


RELEASES = """
import json, os, threading
from http.server import BaseHTTPRequestHandler, HTTPServer

class Sqs(BaseHTTPRequestHandler):
    asked, released = 0, []
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Sqs.asked += 1
        if Sqs.asked == 1:
            self.close_connection = True
            return
        Sqs.released.append(body["ReceiptHandle"])
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{{}}")
    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Sqs)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{{server.server_port}}"
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_ENDPOINT_URL=url)
channel.connection.client = SimpleNamespace(hostname=None, transport_options={{}})
client = channel.new_sqs_client("us-east-1", "test", "test")
channel.sqs, channel.canonical_queue_name = lambda queue: client, str
{patch}
channel._release_messages(f"{{url}}/1/default", "default", [{{"ReceiptHandle": "first"}}, {{"ReceiptHandle": "second"}}])
print(Sqs.released)
"""


def test_messages_are_given_back_though_a_connection_breaks(tmp_path: Path) -> None:
    assert in_airflow(CHANNEL + RELEASES.format(patch=""), tmp_path).splitlines()[-1] == "['first', 'second']"


def test_kombu_still_gives_none_back_when_a_connection_breaks(tmp_path: Path) -> None:
    patch = "channel.release_client_config = SQS.Channel.release_client_config"
    assert in_airflow(CHANNEL + RELEASES.format(patch=patch), tmp_path).splitlines()[-1] == "[]"
