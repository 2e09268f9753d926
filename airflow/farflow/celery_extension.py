"""What Farflow adds to a Celery worker; loaded through `[celery] extra_celery_config`'s `imports`.

- The poll guard. kombu 5.7.0 answers a 5xx, 408 or 599 of SQS's ReceiveMessage with a list where the
  next step expects a mapping (`kombu/asynchronous/aws/connection.py:_on_list_ready`), which ends the worker.
- Slots that are free when their task has ended (`task_exit`).
- The health file, touched by the worker's own event loop: a loop that hangs stops touching it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.signals import worker_init
from kombu.transport.SQS import Channel, Transport

from farflow import task_exit

HEALTH_FILE = Path(os.environ.get("TMPDIR", tempfile.gettempdir())) / "farflow-worker-healthy"
TOUCH_SECONDS = 10


class GuardedChannel(Channel):
    """A channel to which a failed poll is an empty one: kombu polls again a moment later."""

    def _on_messages_ready(self, queue: str, qname: str, messages: Any) -> int:
        if not isinstance(messages, dict):
            return 0
        return int(super()._on_messages_ready(queue, qname, messages))  # type: ignore[no-untyped-call]


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


@worker_init.connect
def extend_worker(sender: Any, **_: Any) -> None:
    """Before the worker's first connection: `sender` is the worker."""
    Transport.Channel = GuardedChannel
    sender.app.steps["consumer"].add(HealthFile)
    task_exit.notice_at_once()
