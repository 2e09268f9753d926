"""How a reference's count is carried out: by its own executor, or by one that kills nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod

from benchmarks.scaling.cluster import Cluster, Worker
from control_plane.worker_scaling.fleet import Order, Phase


class Executor(ABC):
    """Brings the workers of a cluster to a count."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    @abstractmethod
    def counted(self) -> list[Worker]:
        """Those that are there or start, without those that are on their way out."""

    @property
    def count(self) -> int:
        return len(self.counted())

    def set_count(self, wanted: int) -> None:
        wanted = max(0, min(wanted, self.cluster.setting.maximum))
        there = self.counted()
        if wanted > len(there):
            self._add(wanted - len(there))
        elif wanted < len(there):
            self.remove(there, len(there) - wanted)

    def _add(self, number: int) -> None:
        self.cluster.launch(number)

    @abstractmethod
    def remove(self, among: list[Worker], number: int) -> None:
        """Let `number` of these workers go."""


class NativeExecutor(Executor):
    """What the reference has: the platform picks whom it stops; SIGTERM, and SIGKILL after the stop timeout.

    ECS picks by zones, that is at random as far as tasks go; a StatefulSet the newest. What a last poll brings to a worker that
    got SIGTERM is stuck with SQS (celery #8875, #10172).
    """

    def __init__(
        self, cluster: Cluster, stop_timeout: float, *, newest_first: bool = False, loses_messages: bool = True
    ) -> None:
        super().__init__(cluster)
        self._stop_timeout = stop_timeout
        self._newest_first = newest_first
        self._loses_messages = loses_messages

    def counted(self) -> list[Worker]:
        return [worker for worker in self.cluster.workers if not worker.is_doomed]

    def remove(self, among: list[Worker], number: int) -> None:
        victims = among[-number:] if self._newest_first else self.cluster.rng.sample(among, number)
        for worker in victims:
            self.cluster.terminate(worker, self._stop_timeout, loses_messages=self._loses_messages)


class ZeroKillExecutor(Executor):
    """Farflow's protocol for anybody's count: those with the fewest tasks drain, and end when they have none.

    While they drain they can be called back, which is done before anything is started. More favourable than what the
    references have: it packs.
    """

    def counted(self) -> list[Worker]:
        return [worker for worker in self.cluster.workers if worker.order is Order.ACCEPT]

    def _add(self, number: int) -> None:
        draining = [
            worker
            for worker in self.cluster.workers
            if worker.order is not Order.ACCEPT and worker.phase is not Phase.LEAVING
        ]
        draining.sort(key=lambda worker: -len(worker.tasks))
        for worker in draining[:number]:
            self.cluster.tell(worker, Order.ACCEPT)
        super()._add(max(0, number - len(draining)))

    def remove(self, among: list[Worker], number: int) -> None:
        ready = [worker for worker in among if worker.phase is not Phase.STARTING]
        for worker in sorted(ready, key=lambda worker: len(worker.tasks))[:number]:
            self.cluster.tell(worker, Order.LEAVE)


class IdleOnlyExecutor(ZeroKillExecutor):
    """As MWAA protects: only a worker without tasks is taken, after two checks ten seconds apart; it drains for 20 s first.

    amazon-mwaa-docker-images, `task_monitor.py`: three minutes of warm-up before the first check.
    """

    IDLE_SECONDS = 20.0
    WARM_UP = 180.0

    def remove(self, among: list[Worker], number: int) -> None:
        now = self.cluster.now
        idle = [
            worker
            for worker in among
            if worker.phase is Phase.ACCEPTING
            and not worker.tasks
            and now - worker.idle_since >= self.IDLE_SECONDS
            and now - worker.ready_at >= self.WARM_UP
        ]
        super().remove(idle, number)
