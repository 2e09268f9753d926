"""Keeps a worker's life going, in a thread of its own: nothing that it asks may hold up Celery's event loop.

Without an ECS agent (a worker outside ECS) there is nobody who stops tasks to scale in, and no protection; without a
state table nobody gives orders.
"""

from __future__ import annotations

import json
import logging
import math
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping

from botocore.exceptions import BotoCoreError, ClientError

from farflow.hostname import hostname
from farflow.task_protection import ProtectionError, TaskProtection
from farflow.work_gate import WorkGate
from farflow.worker_item import Report, WorkerItem
from farflow.worker_life import PROTECTION_SECONDS, Facts, Gate, Order, Phase, Step, next_step

STEP_SECONDS = 1.0
REPORT_SECONDS = 5.0
PROTECTION_RETRY_SECONDS = 5.0
METADATA_SECONDS = 5.0

log = logging.getLogger(__name__)


class WorkerKeeper:
    """Steps through `worker_life`. `in_hand` tells how many tasks run or wait in this worker."""

    def __init__(
        self,
        gate: WorkGate,
        in_hand: Callable[[], int],
        protection: TaskProtection | None,
        item: WorkerItem | None,
        leave: Callable[[], None],
    ) -> None:
        self._gate = gate
        self._in_hand = in_hand
        self._protection = protection
        self._item = item
        self._leave = leave
        self._phase = Phase.STARTING
        self._gate_is = Gate.SHUT
        self._order = Order.ACCEPT
        self._protected_until = 0.0 if protection else math.inf
        self._protection_tried_at = -math.inf
        self._reported_at = -math.inf
        self._idle_since: float | None = None
        self._accepting_since: float | None = None
        self._is_told_to_stop = threading.Event()
        self._has_left = False
        self._may_be_seen_drained = False

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True, name="farflow-worker-keeper").start()

    def tell_to_stop(self) -> None:
        """From now on nothing comes from the queue any more. Safe in a signal handler."""
        self._gate.give_back_for_good()
        self._is_told_to_stop.set()

    def _run(self) -> None:
        while True:
            try:
                self.step()
            except Exception:
                log.exception("a step of the worker's life failed")
            time.sleep(STEP_SECONDS)

    def step(self) -> None:
        """Look, decide, and do it."""
        facts = Facts(
            now=time.time(),
            order=self._order,
            protected_until=self._protected_until,
            polls=self._gate.polls,
            in_hand=self._in_hand(),
            was_told_to_stop=self._is_told_to_stop.is_set(),
        )
        step = next_step(self._phase, self._gate_is, facts)
        self._note_idleness(facts)
        if step.gate is not Gate.OPEN:  # shut first, tell afterwards
            self._set_gate(step.gate)
        changed = step.phase is not self._phase
        if changed:
            log.info("worker is %s (was %s), order %s", step.phase, self._phase, self._order)
        self._phase = step.phase
        if step.phase is Phase.ACCEPTING and self._accepting_since is None:
            self._accepting_since = facts.now
        if changed or facts.now - self._reported_at >= REPORT_SECONDS:
            self._exchange(facts)
        if step.gate is Gate.OPEN and self._may_open():  # tell first, open afterwards
            self._set_gate(step.gate)
        self._protect(step, facts.now)

    def _set_gate(self, gate: Gate) -> None:
        if gate is not self._gate_is:
            self._gate_is = self._gate.set(gate)

    def _may_open(self) -> bool:
        """Whoever is seen as drained may be told to leave, and the count is lowered for it.

        So it opens only when it has told that it accepts, and was not told otherwise at that moment.
        """
        return self._gate_is is Gate.OPEN or (self._order is Order.ACCEPT and not self._may_be_seen_drained)

    def _note_idleness(self, facts: Facts) -> None:
        if facts.in_hand:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = facts.now

    def _exchange(self, facts: Facts) -> None:
        """Report, and hear the order. When nobody can be asked, the last order counts."""
        self._reported_at = max(self._reported_at, facts.now)  # a clock that steps back must not make reports look old
        if self._item is None:
            return
        report = Report(
            phase=self._phase,
            reported_at=self._reported_at,
            active=facts.in_hand,
            protected_until=self._protected_until,
            idle_since=self._idle_since,
            accepting_since=self._accepting_since,
        )
        if self._phase is Phase.DRAINED:
            self._may_be_seen_drained = True
        try:
            self._order = self._item.exchange(report)
            self._may_be_seen_drained = self._phase is Phase.DRAINED
        except (BotoCoreError, ClientError, ValueError) as error:
            log.warning("the worker could not report; its order stays %s: %r", self._order, error)

    def _protect(self, step: Step, now: float) -> None:
        if self._protection is None:
            if step.give_up_protection:
                self._end()
            return
        try:
            if step.give_up_protection:
                self._protection.give_up()
                self._protected_until = 0.0
                self._end()
            elif step.protect and now - self._protection_tried_at >= PROTECTION_RETRY_SECONDS:
                self._protection_tried_at = now
                self._protected_until = self._protection.take(PROTECTION_SECONDS)
        except ProtectionError as error:
            log.warning("protection from scale-in: %s", error)

    def _end(self) -> None:
        """Whoever left ends by itself, so that ECS has nobody to choose."""
        if not self._has_left:
            self._has_left = True
            self._leave()


def keeper(environ: Mapping[str, str], gate: WorkGate, in_hand: Callable[[], int]) -> WorkerKeeper:
    """The keeper of this worker, by what ECS and the template say."""
    agent = environ.get("ECS_AGENT_URI", "")
    table = environ.get("FARFLOW_STATE_TABLE", "")
    item = None
    if agent and table:
        task = _task(environ["ECS_CONTAINER_METADATA_URI_V4"])
        item = WorkerItem(
            table,
            task_id=task["TaskARN"].rpartition("/")[2],
            group=environ["FARFLOW_WORKER_GROUP"],
            hostname=hostname(),
            revision=f"{task['Family']}:{task['Revision']}",
        )
    else:
        log.warning("this worker is in no ECS task, or knows no state table: it takes no orders")
    return WorkerKeeper(
        gate,
        in_hand,
        TaskProtection(agent) if agent else None,
        item,
        leave=lambda: os.kill(os.getpid(), signal.SIGTERM),
    )


def _task(metadata_url: str) -> dict[str, str]:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html."""
    with urllib.request.urlopen(f"{metadata_url}/task", timeout=METADATA_SECONDS) as answer:
        return dict(json.loads(answer.read()))
