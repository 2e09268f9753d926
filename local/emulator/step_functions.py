"""Step Functions: a task that fails fails its state, and a state machine ends when its time is up.

- `ecs:runTask.sync` waits for the task, gives its description, and fails with it when a container did:
  https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
- a waiting execution that ends stops what it started, as far as it can:
  https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
- `TimeoutSeconds` of the state machine:
  https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html

The emulator takes any exit code for success, stops waiting after ten minutes, and knows no such timeout.
"""

from __future__ import annotations

import contextvars
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import ecs, stepfunctions

POLL_SECONDS = 0.2

_execution: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("_execution", default=None)


def install() -> None:
    stepfunctions._poll_ecs_tasks = _await_tasks
    stepfunctions._run_execution = _within_its_time(stepfunctions._run_execution)
    stepfunctions._fail_execution = _while_running(stepfunctions._fail_execution)
    stepfunctions._add_event = _until_the_end(stepfunctions._add_event)


def _await_tasks(cluster: str, arns: Sequence[str]) -> Any:
    """The description of the one task, in Step Functions' PascalCase, once it has stopped well."""
    while True:
        execution = _execution.get()
        if execution is not None and execution["status"] != "RUNNING":
            for arn in arns:
                ecs._stop_task({"cluster": cluster, "task": arn, "reason": "The execution has ended"})
            raise stepfunctions._ExecutionError("States.Timeout", "The execution has ended")
        _, _, body = ecs._describe_tasks({"cluster": cluster, "tasks": list(arns)})
        answer = json.loads(body)
        if answer.get("failures"):
            raise stepfunctions._ExecutionError("AmazonECS.Unknown", json.dumps(answer["failures"]))
        tasks = answer["tasks"]
        if tasks and all(task["lastStatus"] == "STOPPED" for task in tasks):
            break
        time.sleep(POLL_SECONDS)
    for task in tasks:
        if has_failed(task, _essential_names(task)):
            raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps(in_pascal_case(task)))
    return in_pascal_case(tasks[0])


def _essential_names(task: Mapping[str, Any]) -> set[str]:
    definition = ecs._task_defs.get(ecs._resolve_td_key(task["taskDefinitionArn"])) or {}
    containers = definition.get("containerDefinitions") or task["containers"]
    return {container["name"] for container in containers if container.get("essential", True)}


def has_failed(task: Mapping[str, Any], essential: set[str]) -> bool:
    """Whether an essential container ended with another code than 0, or never ran."""
    return any(container.get("exitCode") != 0 for container in task["containers"] if container["name"] in essential)


def in_pascal_case(value: Any) -> Any:
    """The same with every key's first letter in upper case."""
    if isinstance(value, list):
        return [in_pascal_case(each) for each in value]
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: in_pascal_case(each) for key, each in value.items()}
    return value


def _within_its_time(run: Callable[[str], None]) -> Callable[[str], None]:
    def run_within(arn: str) -> None:
        execution = stepfunctions._executions[arn]
        _execution.set(execution)
        machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) or {}
        try:
            seconds = json.loads(machine.get("definition", "{}")).get("TimeoutSeconds")
        except ValueError:
            seconds = None
        if not seconds:
            run(arn)
            return
        timer = threading.Timer(seconds, contextvars.copy_context().run, (_time_out, execution))
        timer.daemon = True
        timer.start()
        try:
            run(arn)
        finally:
            timer.cancel()

    return run_within


def _time_out(execution: dict[str, Any]) -> None:
    if execution["status"] == "RUNNING":
        execution |= {"status": "TIMED_OUT", "stopDate": now_iso()}
        stepfunctions._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
        stepfunctions._emit_execution_status_event(execution)


def _while_running(fail: Callable[[Any, str, str], None]) -> Callable[[Any, str, str], None]:
    """What the last state of an ended execution says no longer counts."""

    def fail_running(execution: Any, error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    return fail_running


def _until_the_end(add: Callable[..., Any]) -> Callable[..., Any]:
    """The history ends with the execution, though its last state may take a while to notice."""

    def add_until_the_end(execution: Any, kind: str, details: Any = None) -> Any:
        if execution["status"] == "RUNNING" or kind.startswith("Execution"):
            return add(execution, kind, details)
        return {}

    return add_until_the_end
