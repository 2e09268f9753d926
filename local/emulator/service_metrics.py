"""The metrics that AWS services publish of themselves each minute: SQS of its queues, ECS of its services.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import psutil
from ministack.core.responses import request_scope
from ministack.services import ecs, sqs

from local.emulator import cloudwatch

CPU_UNITS_PER_SECOND = 1024.0
BYTES_PER_MIB = 1024.0 * 1024.0


def publishers() -> list[Callable[[float], None]]:
    """What writes a minute's metrics, given when that minute began."""
    return [publish_queues, EcsMetrics().publish]


def publish_queues(minute: float) -> None:
    for (account, region, _), queue in sqs._queues.all_items():
        metrics = queue_metrics(list(queue["messages"]), time.time())
        with request_scope(account, region):
            for name, value in metrics.items():
                unit = "Seconds" if name == "ApproximateAgeOfOldestMessage" else "Count"
                cloudwatch.record("AWS/SQS", name, {"QueueName": queue["name"]}, unit, minute, value)


def queue_metrics(messages: Iterable[Mapping[str, Any]], now: float) -> dict[str, float]:
    """A message that was never taken and is not visible is delayed; one that was taken is in flight."""
    visible = delayed = in_flight = 0
    sent = now
    for message in messages:
        sent = min(sent, message["sent_at"])
        if message["visible_at"] <= now:
            visible += 1
        elif message["receive_count"]:
            in_flight += 1
        else:
            delayed += 1
    return {
        "ApproximateNumberOfMessagesVisible": visible,
        "ApproximateNumberOfMessagesNotVisible": in_flight,
        "ApproximateNumberOfMessagesDelayed": delayed,
        "ApproximateAgeOfOldestMessage": int(now - sent),
    }


class EcsMetrics:
    """What the services' tasks use of the CPU and memory that their task definitions reserve."""

    def __init__(self) -> None:
        self._cpu_seconds: dict[int, float] = {}
        self._measured_at = time.monotonic()

    def publish(self, minute: float) -> None:
        seconds = time.monotonic() - self._measured_at
        self._measured_at = time.monotonic()
        before, self._cpu_seconds = self._cpu_seconds, {}
        for (account, region, _), service in ecs._services.all_items():
            if service["status"] != "ACTIVE":
                continue
            with request_scope(account, region):
                self._publish(service, minute, seconds, before)

    def _publish(self, service: Mapping[str, Any], minute: float, seconds: float, before: Mapping[int, float]) -> None:
        cluster = service["clusterArn"].rpartition("/")[2]
        dimensions = {"ClusterName": cluster, "ServiceName": service["serviceName"]}
        tasks = [
            task
            for task in ecs._tasks.values()
            if task["clusterArn"] == service["clusterArn"] and task["group"] == f"service:{service['serviceName']}"
        ]
        running = [task for task in tasks if task["lastStatus"] == "RUNNING"]
        processes = [process for task in running for process in _processes(task)]
        if running and processes:
            cpu_seconds, memory = self._measure(processes, before)
            reserved_cpu = sum(int(task["cpu"]) for task in running) / CPU_UNITS_PER_SECOND * seconds
            reserved_memory = sum(int(task["memory"]) for task in running) * BYTES_PER_MIB
            used = {"CPUUtilization": cpu_seconds / reserved_cpu, "MemoryUtilization": memory / reserved_memory}
            for name, share in used.items():
                cloudwatch.record("AWS/ECS", name, dimensions, "Percent", minute, 100 * share)
        if not _has_container_insights(cluster):
            return
        counts = {
            "DesiredTaskCount": service["desiredCount"],
            "RunningTaskCount": len(running),
            "PendingTaskCount": sum(1 for task in tasks if task["lastStatus"] in ("PROVISIONING", "PENDING")),
        }
        for name, count in counts.items():
            cloudwatch.record("ECS/ContainerInsights", name, dimensions, "Count", minute, count)

    def _measure(self, processes: Iterable[psutil.Process], before: Mapping[int, float]) -> tuple[float, float]:
        """Seconds of CPU since the last time, and bytes of memory now."""
        used = memory = 0.0
        for process in processes:
            try:
                with process.oneshot():
                    times, resident = process.cpu_times(), process.memory_info().rss
            except psutil.Error:
                continue
            spent = times.user + times.system
            self._cpu_seconds[process.pid] = spent
            used += max(0.0, spent - before.get(process.pid, 0.0))
            memory += resident
        return used, memory


def _processes(task: Mapping[str, Any]) -> list[psutil.Process]:
    """Every process of a task's containers."""
    found: list[psutil.Process] = []
    for name in list(task.get("_docker_ids") or ()):
        try:
            process = psutil.Process(ecs._docker.containers.get(name).pid)
            found += [process, *process.children(recursive=True)]
        except (KeyError, psutil.Error):
            continue
    return found


def _has_container_insights(cluster: str) -> bool:
    settings = (ecs._clusters.get(cluster) or {}).get("settings") or ()
    return any(each["name"] == "containerInsights" and each["value"] in ("enabled", "enhanced") for each in settings)
