"""What others do, at its documented defaults. Each is a rule for a count of workers, apart from how the count is carried out.

r: running, q: queued task instances; c: tasks of a worker; n: workers. The bounds of the count are the same for all: the
defaults for the largest count (10 in Airflow's chart, 5 at hankehly) would be the limit of any day here. Sources are
listed in docs/benchmarks/scaling.md.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from benchmarks.scaling import plumbing
from benchmarks.scaling.cluster import Cluster
from benchmarks.scaling.executors import Executor, IdleOnlyExecutor, NativeExecutor, ZeroKillExecutor
from benchmarks.scaling.profile import Profile, zero_wait_profile
from benchmarks.scaling.runs import Day
from control_plane.worker_scaling.fleet import Phase

MINUTE = 60.0
DELAYED_OFF_SECONDS = 300.0


class Reference:
    """Looks each `interval`, and acts a moment later."""

    interval = 10.0

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.cluster = executor.cluster
        self.cluster.at(self.cluster.rng.uniform(0, self.interval), self._look)

    def _look(self) -> None:
        self.cluster.after(self.interval, self._look)
        wanted = self.wanted()
        if wanted is not None and wanted != self.executor.count:
            self.cluster.after(plumbing.READ_LAG, self.executor.set_count, wanted)

    def wanted(self) -> int | None:
        """The count; None to leave it."""
        raise NotImplementedError

    @property
    def by_load(self) -> int:
        """ceil((r + q) / c)."""
        return math.ceil(self.cluster.in_slots / self.cluster.setting.concurrency)


class Hpa(Reference):
    """Kubernetes' HorizontalPodAutoscaler with its defaults: each 15 s, not within 10 %, down by the highest of 300 s.

    Up by at most 100 % or 4 pods in 15 s, whichever is more. At least one pod.
    """

    interval = 15.0
    tasks_per_pod: float | None = None
    """c, if not given."""

    def __init__(self, executor: Executor) -> None:
        super().__init__(executor)
        self._recommended: deque[tuple[float, int]] = deque()

    @property
    def target(self) -> float:
        return self.tasks_per_pod or self.cluster.setting.concurrency

    def wanted(self) -> int | None:
        now, count = self.cluster.now, self.executor.count
        if not count:
            return self.from_zero()
        load = self.cluster.in_slots
        ratio = load / (count * self.target)
        recommended = count if abs(ratio - 1) <= 0.1 else max(1, math.ceil(load / self.target))
        self._recommended.append((now, recommended))
        while self._recommended[0][0] < now - 300:
            self._recommended.popleft()
        if recommended > count:
            return min(recommended, max(2 * count, count + 4))
        return min(count, max(each for _, each in self._recommended))

    def from_zero(self) -> int | None:
        return 1


class Keda(Hpa):
    """KEDA before an HPA: it looks itself for 0 to 1, and for 1 to 0 when nothing was there for the cool-down."""

    polling = 5.0
    cooldown = 30.0

    def __init__(self, executor: Executor) -> None:
        super().__init__(executor)
        self._last_load = 0.0
        self.cluster.at(self.cluster.rng.uniform(0, self.polling), self._poll)

    def _poll(self) -> None:
        self.cluster.after(self.polling, self._poll)
        if self.cluster.in_slots:
            self._last_load = self.cluster.now
            if not self.executor.count:
                self.executor.set_count(1)
        elif self.executor.count == 1 and self.cluster.now - self._last_load >= self.cooldown:
            self.executor.set_count(0)

    def from_zero(self) -> int | None:
        return None


class KedaSqs(Keda):
    """KEDA's scaler of SQS: five messages a worker, those in flight counted, its own defaults of 30 and 300 s."""

    polling = 30.0
    cooldown = 300.0
    tasks_per_pod = 5.0


class Mwaa2023(Reference):
    """(r + q) / c on metrics of a minute; to the minimum only when nothing was there for two minutes."""

    interval = MINUTE

    def __init__(self, executor: Executor) -> None:
        super().__init__(executor)
        self._empty_since: float | None = None

    def wanted(self) -> int | None:
        now = self.cluster.now
        if self.cluster.in_slots:
            self._empty_since = None
            return max(1, self.executor.count, self.by_load)
        if self._empty_since is None:
            self._empty_since = now
        return 1 if now - self._empty_since >= 2 * MINUTE - 1 else None


class MwaaNow(Reference):
    """(r + q) / c, down as the load falls; workers check each ten seconds whether they are idle."""

    def wanted(self) -> int | None:
        return max(1, self.by_load)


class Astronomer(Reference):
    """ceil((q + r) / c) each 30 s."""

    interval = 30.0

    def wanted(self) -> int | None:
        return self.by_load


class TargetTracking(Reference):
    """AWS target tracking: an alarm of three minutes to grow, of fifteen to shrink, at 90 % of the target; 300 s cool-downs.

    It grows in proportion, and shrinks to where the metric would be at its target.
    """

    interval = MINUTE
    minimum = 0

    def __init__(self, executor: Executor) -> None:
        super().__init__(executor)
        self._ratios: deque[float] = deque(maxlen=15)
        self._grown_at = self._shrunk_at = -math.inf

    def ratio(self) -> float:
        """The metric divided by its target."""
        raise NotImplementedError

    def wanted(self) -> int | None:
        now, count, ratio = self.cluster.now, self.executor.count, self.ratio()
        self._ratios.append(ratio)
        last = list(self._ratios)
        if len(last) >= 3 and min(last[-3:]) > 1 and now - self._grown_at >= 300:
            self._grown_at = now
            return max(count + 1, math.ceil(max(1, count) * ratio))
        if count < self.minimum:
            return self.minimum
        if len(last) == 15 and max(last) < 0.9 and now - max(self._grown_at, self._shrunk_at) >= 300:
            self._shrunk_at = now
            return max(self.minimum, math.ceil(count * max(last)))
        return None


class Hankehly(TargetTracking):
    """100 (r + q) / c / n at 100, published each ten seconds; 100 if there is nothing at all, 200 without workers."""

    def ratio(self) -> float:
        load, count = self.cluster.in_slots, self.executor.count
        if not count:
            return 2.0 if load else 1.0
        return load / self.cluster.setting.concurrency / count


class SqsBacklog(TargetTracking):
    """Visible messages for each worker, at the latency of a minute divided by the mean time of a task and c slots."""

    latency = MINUTE
    minimum = 1
    """From none it would never grow: a message for no worker is no backlog for a worker."""

    def ratio(self) -> float:
        count = max(1, sum(worker.phase is Phase.ACCEPTING for worker in self.cluster.workers))
        seconds = self._mean_seconds / self.cluster.setting.concurrency
        return len(self.cluster.queue) / count / (self.latency / seconds)

    @cached_property
    def _mean_seconds(self) -> float:
        tasks = [each for run in self.cluster.day.past for level in run.levels for each in level]
        return statistics.fmean(tasks) if tasks else 44.0


class SlotUse(TargetTracking):
    """ECS target tracking as it comes: 70 % of the slots in use, in place of CPU. At least one worker."""

    minimum = 1

    def ratio(self) -> float:
        count = self.executor.count
        if not count:
            return 2.0
        return self.cluster.running / self.cluster.setting.concurrency / count / 0.7


class Sm2a(Reference):
    """NASA's: above c tasks a worker one more, each minute; below, with nothing queued, as many less as are idle."""

    interval = MINUTE

    def wanted(self) -> int | None:
        count = self.executor.count
        if not count:
            return 1
        load = self.cluster.in_slots
        if load > count * self.cluster.setting.concurrency:
            return count + 1
        if load < count * self.cluster.setting.concurrency and not self.cluster.queued:
            idle = sum(not worker.tasks and worker.phase is Phase.ACCEPTING for worker in self.executor.counted())
            return max(1, count - idle)
        return None


class DelayedOff(Reference):
    """As many as ceil((r + q) / c) at once; a worker goes when it was idle for a time. `most` started in a minute."""

    def __init__(self, executor: Executor, idle_seconds: float, most: int = 10**6) -> None:
        self._idle_seconds = idle_seconds
        self._most = most
        self._started: deque[float] = deque()
        super().__init__(executor)

    def wanted(self) -> int | None:
        now, count = self.cluster.now, self.executor.count
        if self.by_load > count:
            while self._started and self._started[0] <= now - MINUTE:
                self._started.popleft()
            more = min(self.by_load - count, self._most - len(self._started))
            self._started.extend([now] * more)
            return count + more
        idle = [
            worker
            for worker in self.executor.counted()
            if worker.phase is Phase.ACCEPTING and not worker.tasks and now - worker.idle_since >= self._idle_seconds
        ]
        surplus = min(len(idle), count - self.by_load)
        if surplus > 0:
            self.executor.remove(idle, surplus)
        return None


class Fixed(Reference):
    """Always the same."""

    interval = math.inf

    def __init__(self, executor: Executor, count: int) -> None:
        self.executor = executor
        self.cluster = executor.cluster
        self.cluster.at(0.0, executor.set_count, count)


class HourlyPredictive(Reference):
    """ECS predictive scaling: each hour as much as the same hour of the day before wanted, five minutes early.

    With target tracking on top for what is missing, as AWS advises.
    """

    buffer = 300.0
    interval = 30.0

    def __init__(self, executor: Executor) -> None:
        super().__init__(executor)
        self._by_hour = _means_by_hour(zero_wait_profile(executor.cluster.day.runs), executor.cluster.setting)

    def wanted(self) -> int | None:
        now = self.cluster.now
        hours = {int(now // 3600), int((now + self.buffer) // 3600)}
        predicted = max(self._by_hour.get(hour, 0) for hour in hours)
        return max(1, predicted, self.by_load)


def _means_by_hour(profile: Profile, setting: plumbing.Plumbing) -> dict[int, int]:
    """Workers by hour: the mean load of the hour at the target of 70 %."""
    slots: dict[int, float] = {}
    for begin, end, number in profile:
        at = begin
        while at < end:
            until = min(end, (at // 3600 + 1) * 3600)
            hour = int(at // 3600)
            slots[hour] = slots.get(hour, 0.0) + number * (until - at) / 3600
            at = until
    return {hour: math.ceil(mean / setting.concurrency / 0.7) for hour, mean in slots.items()}


@dataclass(frozen=True)
class Tuning:
    """What the tuned rule of r + q is searched over."""

    fill: float
    """The share of the slots that it means to have in use."""
    spare: int
    """Workers beyond that."""
    hold: float
    """Seconds for which the count does not fall below what it was."""


class TunedLoad(Reference):
    """ceil((r + q) / (c fill)) + spare, each ten seconds; down by the highest of the last `hold` seconds."""

    def __init__(self, executor: Executor, tuning: Tuning) -> None:
        super().__init__(executor)
        self._tuning = tuning
        self._wanted: deque[tuple[float, int]] = deque()

    def wanted(self) -> int | None:
        now = self.cluster.now
        slots = self.cluster.setting.concurrency * self._tuning.fill
        self._wanted.append((now, math.ceil(self.cluster.in_slots / slots) + self._tuning.spare))
        while self._wanted[0][0] < now - self._tuning.hold:
            self._wanted.popleft()
        return max(each for _, each in self._wanted)


type Policy = Callable[[Cluster], object]
"""Puts its events into a cluster."""


def _ecs(stop_timeout: float) -> Callable[[Cluster], Executor]:
    return lambda cluster: NativeExecutor(cluster, stop_timeout)


def _kubernetes(cluster: Cluster) -> Executor:
    """A StatefulSet with 600 s of grace and Redis, whose messages do not get stuck."""
    return NativeExecutor(cluster, 600.0, newest_first=True, loses_messages=False)


def _delayed_off(idle: float, most: int = 10**6) -> Callable[[Executor], object]:
    return lambda executor: DelayedOff(executor, idle, most)


RULES: dict[str, tuple[Callable[[Executor], object], Callable[[Cluster], Executor]]] = {
    "KEDA, Airflow's chart": (Keda, _kubernetes),
    "KEDA, SQS scaler": (KedaSqs, _kubernetes),
    "Kubernetes HPA": (Hpa, _kubernetes),
    "MWAA 2023": (Mwaa2023, _ecs(120.0)),
    "MWAA": (MwaaNow, IdleOnlyExecutor),
    "Astronomer": (Astronomer, lambda cluster: NativeExecutor(cluster, 600.0, loses_messages=False)),
    "hankehly": (Hankehly, _ecs(30.0)),
    "NASA SM2A": (Sm2a, _ecs(30.0)),
    "AWS SQS guide": (SqsBacklog, _ecs(30.0)),
    "ECS target tracking": (SlotUse, _ecs(30.0)),
    "ECS hourly predictive": (HourlyPredictive, _ecs(30.0)),
    "Deadline Cloud": (_delayed_off(DELAYED_OFF_SECONDS, 10), _ecs(120.0)),
    "DELAYEDOFF at break-even": (
        lambda executor: DelayedOff(executor, executor.cluster.setting.cold_start),
        _ecs(120.0),
    ),
    "DELAYEDOFF at 300 s": (_delayed_off(DELAYED_OFF_SECONDS), _ecs(120.0)),
}
"""By name: the rule, and its own executor."""


def references() -> dict[str, Policy]:
    """Each rule twice: as it is, and with the executor that kills nothing."""
    found: dict[str, Policy] = {}
    for name, (rule, own) in RULES.items():
        found[name] = _with(rule, own)
        found[f"{name} + zero-kill"] = _with(rule, ZeroKillExecutor)
    found["fixed at peak"] = lambda cluster: Fixed(ZeroKillExecutor(cluster), fixed_count(cluster.day, cluster, 1.0))
    found["fixed at p95"] = lambda cluster: Fixed(ZeroKillExecutor(cluster), fixed_count(cluster.day, cluster, 0.95))
    return found


def _with(rule: Callable[[Executor], object], executor: Callable[[Cluster], Executor]) -> Policy:
    return lambda cluster: rule(executor(cluster))


def tuned(tuning: Tuning) -> Policy:
    return lambda cluster: TunedLoad(ZeroKillExecutor(cluster), tuning)


def fixed_count(day: Day, cluster: Cluster, share: float) -> int:
    """Workers for the slots that are wanted at once for all but this share of the day; it knows the day beforehand."""
    profile = sorted(zero_wait_profile(day.runs), key=lambda piece: piece[2])
    total = max(day.seconds, sum(end - begin for begin, end, _ in profile))
    rest = total - sum(end - begin for begin, end, _ in profile)
    for begin, end, number in profile:
        rest += end - begin
        if rest >= share * total:
            return max(1, math.ceil(number / cluster.setting.concurrency))
    return max(1, math.ceil(profile[-1][2] / cluster.setting.concurrency)) if profile else 1
