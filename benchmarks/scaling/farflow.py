"""Farflow on a simulated cluster: when it looks, how its alarms and orders travel, and the decision as it is deployed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from benchmarks.scaling.cluster import Cluster, Worker
from benchmarks.scaling.foresight import Forecast, Foresight
from control_plane.worker_scaling import fleet
from control_plane.worker_scaling.decision import Decision, decide
from control_plane.worker_scaling.fleet import Fleet, Order, Phase
from control_plane.worker_scaling.policy import Policy, Preset
from control_plane.worker_scaling.worker_service import COLD_STARTS_KEPT, PROTECTION_SECONDS, typical_cold_start
from control_plane.worker_scaling.workload import Workload
from workload_metrics.queue_depth import workload_from_queue
from workload_metrics.ticking import MINUTE_SECONDS, TICK_SECONDS

ALARM_SECONDS = (3.0, 15.0)
"""From a gap's metric to the function that acts: an alarm over ten seconds, SNS, an invocation."""
INVOCATION_SECONDS = 1.0
LOOKS_UNTIL_INVOKED = 2
"""`workload_metrics.measuring.TICKS_UNTIL_INVOKED`."""
OBSERVED_FOR = 300.0
"""How old an observation may be to grow by (`worker_scaler.freshness`)."""


@dataclass(frozen=True)
class Trouble:
    """What goes wrong, for the sweeps."""

    lost_ticks: float = 0.0
    """The share of looks that do not happen."""
    outage: tuple[float, float] = (0.0, 0.0)
    """Since when and until when the database does not answer."""


class Farflow:
    """Scales a cluster with one preset."""

    def __init__(
        self,
        cluster: Cluster,
        preset: Preset,
        forecast: Forecast | None = None,
        trouble: Trouble | None = None,
        *,
        packs: bool = True,
    ) -> None:
        self._cluster = cluster
        self._preset = preset
        self._trouble = trouble or Trouble()
        self._packs = packs
        self._foresight = Foresight(cluster, forecast or Forecast())
        self._desired = 0
        self._cold_starts: deque[float] = deque(cluster.setting.cold_starts, maxlen=COLD_STARTS_KEPT)
        self._counted: set[int] = set()
        self._workload: Workload | None = None
        self._looks_with_changes = 0
        self._alarm = 0
        cluster.at(cluster.rng.uniform(0, MINUTE_SECONDS), self._minute)

    def _minute(self) -> None:
        self._cluster.after(MINUTE_SECONDS, self._minute)
        self._look(self._cluster.now)

    def _look(self, began: float) -> None:
        cluster = self._cluster
        following = cluster.now + TICK_SECONDS
        is_lost = self._trouble.lost_ticks > 0 and cluster.rng.random() < self._trouble.lost_ticks
        busy = True if is_lost else self._measure()
        if busy and following < began + MINUTE_SECONDS - 1.0:
            cluster.at(following, self._look, began)

    def _measure(self) -> bool:
        cluster, policy = self._cluster, self._policy()
        since, until = self._trouble.outage
        if since <= cluster.now < until:
            workload = self._from_queue()
        else:
            workload = self._foresight.look(policy.launch_horizon_seconds + MINUTE_SECONDS)
        self._workload = workload
        decision = decide(workload, self._fleet(), policy, cluster.now)
        changes = decision.desired != self._desired or bool(decision.orders)
        self._looks_with_changes = self._looks_with_changes + 1 if changes else 0
        alarm = (decision.gap > 0) - (decision.gap < 0)
        if self._looks_with_changes >= LOOKS_UNTIL_INVOKED:
            cluster.after(INVOCATION_SECONDS, self._act)
        elif alarm and alarm != self._alarm:
            cluster.after(cluster.rng.uniform(*ALARM_SECONDS), self._act)
        self._alarm = alarm
        return bool(changes or workload.running or workload.waiting or workload.foreseen or cluster.workers)

    def _from_queue(self) -> Workload:
        """When only SQS answers."""
        return workload_from_queue(len(self._cluster.queue), self._cluster.now)

    def _policy(self) -> Policy:
        for worker in self._cluster.workers:
            if worker.number not in self._counted and worker.phase is not Phase.STARTING:
                self._counted.add(worker.number)
                self._cold_starts.append(worker.ready_at - worker.launched_at)
        setting = self._cluster.setting
        return Policy(
            self._preset,
            concurrency=setting.concurrency,
            maximum=setting.maximum,
            cold_start_seconds=typical_cold_start(self._cold_starts),
        )

    def _fleet(self) -> Fleet:
        now, typical = self._cluster.now, typical_cold_start(self._cold_starts)
        workers = (_seen(worker, now, typical) for worker in self._cluster.workers)
        return Fleet(self._desired, tuple(each for each in workers if each.phase is not Phase.LEAVING))

    def _act(self) -> None:
        if self._workload is None or self._cluster.now - self._workload.observed_at > OBSERVED_FOR:
            return
        decision = decide(self._workload, self._fleet(), self._policy(), self._cluster.now)
        self._carry_out(decision)

    def _carry_out(self, decision: Decision) -> None:
        cluster = self._cluster
        leaving = sum(order is Order.LEAVE for order in decision.orders.values())
        cluster.launch(decision.desired - (decision.present - leaving))
        self._desired = decision.desired
        by_id = {str(worker.number): worker for worker in cluster.workers}
        for worker_id, order in decision.orders.items():
            if order is not Order.DRAIN or self._packs or not by_id[worker_id].tasks:
                cluster.tell(by_id[worker_id], order)


def _seen(worker: Worker, now: float, typical_cold_start_seconds: float) -> fleet.Worker:
    phase = worker.reported_phase(now)
    return fleet.Worker(
        id=str(worker.number),
        phase=phase,
        order=worker.order,
        hostname=str(worker.number),
        accepts_at=worker.launched_at + typical_cold_start_seconds,
        active=len(worker.tasks),
        idle_since=None if worker.tasks or phase is Phase.STARTING else worker.idle_since,
        protected_until=(worker.launched_at if phase is Phase.STARTING else now) + PROTECTION_SECONDS,
    )
