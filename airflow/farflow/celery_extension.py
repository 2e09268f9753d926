"""What Farflow adds to a Celery worker; loaded through `[celery] extra_celery_config`'s `imports`.

- The poll guard: a worker outlives every failed poll. kombu 5.7.0 answers a 5xx, 408 or 599 of SQS's ReceiveMessage
  with a list where the next step expects a mapping (`kombu/asynchronous/aws/connection.py:_on_list_ready`), and
  raises on any other status; both end the worker, or, from a timer, its polling without a word. Its HTTP client sets
  no time-outs (`kombu/asynchronous/http/curl.py:_setup_request`): a connection that died silently is waited for forever.
- Acknowledgements that neither end the worker nor hold up its event loop. A message that could not be deleted comes
  back after the queue's visibility timeout; the Execution API refuses to run its task again, and it is deleted then.
- Slots that are free when their task has ended (`task_exit`).
- Messages that waited for too long, left to the scheduler (`expired_workloads`).
- The gate (`work_gate`), which the worker's keeper opens when the worker is protected and shuts when it is to drain
  (`worker_life`). SIGTERM shuts it too, and waits for the open poll before Celery's own shutdown begins: a poll that
  nobody hears would take a message along.
- The health file, touched by the worker's own event loop: a loop that hangs stops touching it. An outage of SQS does
  not: ECS would stop a worker whose running tasks need no queue.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pycurl
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from celery import bootsteps
from celery.signals import worker_init
from celery.worker import state as celery_state
from kombu.asynchronous.aws.connection import AsyncHTTPSConnection
from kombu.asynchronous.aws.sqs.connection import AsyncSQSConnection
from kombu.transport import SQS
from kombu.transport.SQS.exceptions import AccessDeniedQueueException

from farflow import expired_workloads, queue_outage, task_exit
from farflow.queue_outage import Failure, Outage
from farflow.work_gate import GATE
from farflow.worker_keeper import WorkerKeeper, keeper

HEALTH_FILE = Path(os.environ.get("TMPDIR", tempfile.gettempdir())) / "farflow-worker-healthy"
TOUCH_SECONDS = 10
CONNECT_TIMEOUT_SECONDS = 10
POLL_TIMEOUT_SECONDS = 30
"""Longer than a long poll's 20: a message that comes in the last moment would be lost until it is visible again."""

BLOCKING_CALLS = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
"""Messages are deleted and given back in the event loop. Botocore's own 60 s and five attempts would stop it for minutes."""

log = logging.getLogger(__name__)


class GuardedHttpsConnection(AsyncHTTPSConnection):
    """A connection whose requests end."""

    def getrequest(self) -> Any:
        request = super().getrequest()  # type: ignore[no-untyped-call]
        request.on_prepare = set_timeouts
        return request


def set_timeouts(curl: pycurl.Curl) -> None:
    curl.setopt(pycurl.CONNECTTIMEOUT, CONNECT_TIMEOUT_SECONDS)
    curl.setopt(pycurl.TIMEOUT, POLL_TIMEOUT_SECONDS)


class GuardedConnection(AsyncSQSConnection):
    """A connection on which a poll brings messages or a `Failure`, and never raises."""

    def get_http_connection(self) -> GuardedHttpsConnection:
        return GuardedHttpsConnection(http_client=self._httpclient)  # type: ignore[no-untyped-call]

    def _on_list_ready(self, parent: Any, markers: Any, operation: Any, response: Any) -> Any:
        try:
            answer = super()._on_list_ready(parent, markers, operation, response)  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001 - kombu raises Exception itself
            return Failure(str(error))
        return answer if isinstance(answer, dict) else Failure(f"HTTP {response.status} {response.reason}")


class GuardedChannel(SQS.Channel):
    """A channel that polls while the gate is open, and again after a failed poll, later each time."""

    release_client_config = BLOCKING_CALLS
    """kombu tries once: a message that SQS does not take back at the first time is hidden for its visibility timeout."""
    _outage: Outage | None = None
    _gate_connection = 0

    def _schedule_queue(self, queue: str) -> None:
        try:
            super()._schedule_queue(queue)  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001 - credentials that cannot be fetched, for one
            self._loop1(queue, Failure(repr(error)))

    def _get_bulk_async(self, queue: str, callback: Any = None) -> Any:
        connection = GATE.begin_poll()
        if not connection:
            callback([])  # as if there were nothing: it is looked again soon
            return callback
        self._gate_connection = connection
        try:
            return super()._get_bulk_async(queue, callback)  # type: ignore[no-untyped-call]
        except BaseException:
            GATE.end_poll(connection)
            raise

    def _on_messages_ready(self, queue: str, qname: str, messages: Any) -> Any:
        try:
            return self._take(queue, qname, messages)
        finally:
            GATE.end_poll(self._gate_connection)  # what it brought is in hand by now

    def _take(self, queue: str, qname: str, messages: Any) -> Any:
        if isinstance(messages, Failure):
            return messages
        if self._outage is not None:
            log.warning(queue_outage.end_of(self._outage, time.monotonic()))
            self._outage = None
        if GATE.gives_back and messages.get("Messages"):
            self._release_messages(queue, qname, messages["Messages"])  # type: ignore[no-untyped-call]
            return 0
        return super()._on_messages_ready(queue, qname, messages)  # type: ignore[no-untyped-call]

    def _loop1(self, queue: str, messages_fetched: Any = None) -> None:
        if not isinstance(messages_fetched, Failure):
            super()._loop1(queue, messages_fetched)  # type: ignore[no-untyped-call]
            return
        following = queue_outage.after_failure(
            self._outage,
            messages_fetched,
            time.monotonic(),
            random.random(),  # noqa: S311 - spreads load
        )
        self._outage = following.outage
        if following.message is not None:
            log.warning(following.message)
        hub: Any = self.hub
        hub.call_later(following.delay_seconds, self._schedule_queue, queue)

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        try:
            super().basic_ack(delivery_tag, multiple)  # type: ignore[no-untyped-call]
        except (AccessDeniedQueueException, BotoCoreError, OSError) as error:
            log.warning("a done task's message could not be deleted, and will come back: %r", error)

    def _new_boto_client(
        self,
        service: Any,
        region: Any,
        access_key_id: Any,
        secret_access_key: Any,
        session_token: Any = None,
        config: Config | None = None,
    ) -> Any:
        merged = BLOCKING_CALLS if config is None else BLOCKING_CALLS.merge(config)
        return super()._new_boto_client(service, region, access_key_id, secret_access_key, session_token, merged)


class HealthFile(bootsteps.StartStopStep):
    """Touches the health file while the consumer runs. A consumer step: it starts anew after a lost broker."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    _timer: Any = None

    def start(self, consumer: Any) -> None:
        HEALTH_FILE.touch()
        self._timer = consumer.timer.call_repeatedly(TOUCH_SECONDS, HEALTH_FILE.touch)

    def stop(self, consumer: Any) -> None:  # noqa: ARG002 - Celery's signature
        if self._timer is not None:  # Celery stops every step when the broker is lost, started or not
            self._timer.cancel()
            self._timer = None


LAST_POLL_SECONDS = 25.0
"""The longest that SIGTERM waits for an open poll: a long poll's 20 s and its answer. Fargate gives 120 s in all."""
LOOK_SECONDS = 0.1


class Keeping(bootsteps.StartStopStep):
    """Begins the worker's life with its first consumer. A consumer step: what it needs is there then, and polls come after."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    _keeper: WorkerKeeper | None = None

    def start(self, consumer: Any) -> None:  # noqa: ARG002 - Celery's signature
        GATE.forget_polls()
        if Keeping._keeper is None:
            Keeping._keeper = keeper(os.environ, GATE, lambda: len(celery_state.reserved_requests))
            shut_the_gate_at_sigterm(Keeping._keeper)
            Keeping._keeper.start()


def shut_the_gate_at_sigterm(life: WorkerKeeper) -> None:
    """Celery's own warm shutdown comes when no poll is open any more; a second SIGTERM has it come at once."""
    warm_shutdown = signal.getsignal(signal.SIGTERM)

    def then_stop() -> None:
        deadline = time.monotonic() + LAST_POLL_SECONDS
        while GATE.polls and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    def stop_polling(*_: Any) -> None:
        signal.signal(signal.SIGTERM, warm_shutdown)
        life.tell_to_stop()
        threading.Thread(target=then_stop, daemon=True, name="farflow-last-poll").start()

    signal.signal(signal.SIGTERM, stop_polling)


@worker_init.connect
def extend_worker(sender: Any, **_: Any) -> None:
    """Before the worker's first connection: `sender` is the worker."""
    SQS.AsyncSQSConnection = GuardedConnection  # type: ignore[attr-defined]
    SQS.Transport.Channel = GuardedChannel
    sender.app.steps["consumer"].add(HealthFile)
    sender.app.steps["consumer"].add(Keeping)
    task_exit.notice_at_once()
    expired_workloads.leave_to_scheduler(sender.app.tasks["execute_workload"])
