"""The life of an ECS task: order of its containers, health checks, its stop, and the events that tell of it.

- https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
- `dependsOn`, `healthCheck`, `stopTimeout`:
  https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
- "ECS Task State Change":
  https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
"""

from __future__ import annotations

import graphlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core.concurrency import resource_lock
from ministack.core.responses import request_scope
from ministack.services import ecs, eventbridge

from local.emulator.process_runtime import Container, ProcessRuntime

DEFAULT_STOP_SECONDS = 30.0
POLL_SECONDS = 0.05


def install(runtime: ProcessRuntime) -> TaskLife:
    life = TaskLife(runtime)
    ecs._stop_task = life.stop_by_api
    ecs._ACTION_MAP["StopTask"] = life.stop_by_api
    ecs._maybe_mark_stopped = life.stop_if_ended
    _start_in_order(runtime)
    _tell_of_transitions()
    return life


def definition_of(task: Any) -> Any:
    return ecs._task_defs[ecs._resolve_td_key(task["taskDefinitionArn"])]


def scope(task: Any) -> Any:
    """The account and region that a background thread acts in for a task."""
    _, _, _, region, account, _ = task["taskArn"].split(":", 5)
    return request_scope(account, region)


def send_event(detail_type: str, resource: str, detail: Any) -> None:
    """Put an event of ECS's own on the default bus, where the public API would refuse the source."""
    entry = {"Source": "aws.ecs", "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": [resource]}
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


class TaskLife:
    """Stops tasks as ECS does: SIGTERM, `stopTimeout`, SIGKILL, and only then STOPPED."""

    def __init__(self, runtime: ProcessRuntime) -> None:
        self._runtime = runtime

    def stop_by_api(self, request: Any) -> Any:
        """StopTask; the emulator's own service code calls it too."""
        cluster = ecs._resolve_cluster_name(request.get("cluster", "default"))
        task = ecs._resolve_task(request.get("task", ""), cluster)
        if task is None:
            return ecs.error_response_json("InvalidParameterException", "The referenced task was not found.", 400)
        self.stop(task, request.get("reason", "Task stopped by user"), request.get("_stopCode", "UserInitiated"))
        return ecs.json_response({"task": ecs._sanitize(task)})

    def stop(self, task: Any, reason: str, stop_code: str) -> None:
        """Begin to stop a task; returns at once. A second call changes nothing."""
        with resource_lock("ecs-task", task["taskArn"]):
            if task["desiredStatus"] == "STOPPED":
                return
            task["desiredStatus"] = "STOPPED"
            task["stoppingAt"] = ecs._iso()
            task["stoppedReason"] = reason
            task["stopCode"] = stop_code
            task["lastStatus"] = "STOPPING"
            ecs._bump_task_version(task)
        _tell(task)
        cluster = ecs._cluster_name_from_arn(task["clusterArn"])
        ecs._refresh_service_state(cluster, task.get("group", ""))
        threading.Thread(target=self._finish, args=(task,), daemon=True, name="ecs-stop").start()

    def stop_if_ended(self, task: Any, _docker: Any = None) -> None:
        """Note which containers have ended; when an essential one has, or all, the task stops with the others."""
        if task["lastStatus"] != "RUNNING" or task["desiredStatus"] == "STOPPED":
            return
        ended = []
        for entry, essential in zip(task["containers"], task["_container_essentials"], strict=True):
            container = self._runtime.of_task(task["taskArn"], entry["name"])
            if container is not None and container.status == "exited":
                entry["exitCode"], entry["lastStatus"] = container.wait()["StatusCode"], "STOPPED"
                ended.append(essential)
        if any(ended) or len(ended) == len(task["containers"]):
            self.stop(task, "Essential container in task exited", "EssentialContainerExited")

    def _finish(self, task: Any) -> None:
        with scope(task):
            definitions = {entry["name"]: entry for entry in definition_of(task)["containerDefinitions"]}
            for name, container in self._containers_to_stop(task):
                container.stop(float(definitions[name].get("stopTimeout") or DEFAULT_STOP_SECONDS))
                code = container.wait()["StatusCode"]
                entry = next(entry for entry in task["containers"] if entry["name"] == name)
                entry["exitCode"], entry["lastStatus"] = code, "STOPPED"
            task["desiredStatus"] = "RUNNING"  # the emulator marks only tasks that were meant to go on
            ecs._mark_task_stopped(task["taskArn"], task, task["stoppedReason"], task["stopCode"])
            ecs._cleanup_task_resources(task, self._runtime)

    def _containers_to_stop(self, task: Any) -> Iterator[tuple[str, Container]]:
        """The containers, those first that others wait for last."""
        names = _in_order(definition_of(task)["containerDefinitions"])
        for name in reversed(names):
            container = self._runtime.of_task(task["taskArn"], name)
            if container is not None:
                yield name, container


def _in_order(definitions: list[Any]) -> list[str]:
    """Container names, each after those that it depends on."""
    graph = {
        entry["name"]: [dependency["containerName"] for dependency in entry.get("dependsOn") or []]
        for entry in definitions
    }
    return list(graphlib.TopologicalSorter(graph).static_order())


def _start_in_order(runtime: ProcessRuntime) -> None:
    """A container starts when those named in its `dependsOn` are as far as its condition says."""
    start_task, start_container, build = ecs._start_task_worker, ecs._run_docker_container, ecs._build_run_kwargs

    def ordered(task: Any, definition: Any, overrides: Any, docker: Any) -> None:
        order = _in_order(definition["containerDefinitions"])
        definition["containerDefinitions"].sort(key=lambda entry: order.index(entry["name"]))
        task["containers"].sort(key=lambda entry: order.index(entry["name"]))
        task["_container_essentials"] = [entry.get("essential", True) for entry in definition["containerDefinitions"]]
        start_task(task, definition, overrides, docker)

    def with_entry_point(container: Any, *others: Any) -> Any:
        arguments = build(container, *others)
        arguments["command"] = [*(container.get("entryPoint") or []), *(arguments["command"] or [])]
        return arguments

    def when_ready(docker: Any, container: Any, arguments: Any, **options: Any) -> Any:
        task_arn = arguments["labels"]["com.amazonaws.ecs.task-arn"]
        for dependency in container.get("dependsOn") or []:
            _await(runtime, ecs._tasks[task_arn], dependency["containerName"], dependency["condition"])
        return start_container(docker, container, arguments, **options)

    ecs._start_task_worker = ordered
    ecs._build_run_kwargs = with_entry_point
    ecs._run_docker_container = when_ready


def _await(runtime: ProcessRuntime, task: Any, name: str, condition: str) -> None:
    container = runtime.of_task(task["taskArn"], name)
    entry = next(entry for entry in task["containers"] if entry["name"] == name)
    while container is not None and condition != "START" and task["desiredStatus"] != "STOPPED":
        if condition == "HEALTHY":
            if entry.get("healthStatus") == "HEALTHY":
                return
            if entry.get("healthStatus") == "UNHEALTHY" or container.status == "exited":
                raise RuntimeError(f"dependency container {name} did not become HEALTHY")
        elif container.status == "exited":
            code = container.wait()["StatusCode"]
            if condition == "SUCCESS" and code != 0:
                raise RuntimeError(f"dependency container {name} exited with {code}")
            return
        time.sleep(POLL_SECONDS)


def _tell_of_transitions() -> None:
    """An event for each change of state that AWS tells of."""
    for name in ("_mark_task_pending", "_mark_task_activating", "_mark_task_running", "_mark_task_stopped"):
        setattr(ecs, name, _told(getattr(ecs, name)))


def _told(mark: Callable[..., bool]) -> Callable[..., bool]:
    def mark_and_tell(task_arn: str, task: Any, *others: Any, **options: Any) -> bool:
        marked = mark(task_arn, task, *others, **options)
        if marked:
            _tell(task)
        return marked

    return mark_and_tell


def _tell(task: Any) -> None:
    detail = {key: value for key, value in ecs._sanitize(task).items() if value is not None}
    send_event("ECS Task State Change", task["taskArn"], detail)
