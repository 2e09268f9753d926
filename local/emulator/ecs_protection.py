"""Task scale-in protection: by API, and by the container agent's endpoint in `$ECS_AGENT_URI`.

- https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection.html
- https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
- https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateTaskProtection.html
"""

from __future__ import annotations

import json
import time
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import ecs, ecs_metadata

from local.emulator import ecs_tasks
from local.emulator.iam import AccessDeniedError, Iam

DEFAULT_MINUTES = 120
MINUTES = range(1, 2881)
TASKS_PER_CALL = 10
AGENT_PATH = "/api/task-protection/v1/state"


def is_protected(task: Any) -> bool:
    return bool(task.get("_protected_until", 0) > time.time())


def install(iam: Iam) -> None:
    ecs._ACTION_MAP["UpdateTaskProtection"] = _update
    ecs._ACTION_MAP["GetTaskProtection"] = _get
    _offer_agent(iam)


def _update(request: Any) -> Any:
    if "protectionEnabled" not in request:
        return error_response_json("InvalidParameterException", "protectionEnabled is required.", 400)
    minutes = request.get("expiresInMinutes")
    if minutes is not None and minutes not in MINUTES:
        return error_response_json("InvalidParameterException", "expiresInMinutes must be from 1 to 2880.", 400)
    return _for_each(request, lambda task: _protect(task, request["protectionEnabled"], minutes or DEFAULT_MINUTES))


def _get(request: Any) -> Any:
    return _for_each(request, lambda task: "" if _is_of_a_service(task) else "TASK_NOT_VALID")


def _for_each(request: Any, act: Any) -> Any:
    """Act on each task named; `act` gives the reason of a failure, or nothing."""
    references = request.get("tasks") or []
    if len(references) > TASKS_PER_CALL:
        return error_response_json("InvalidParameterException", "At most 10 tasks can be named.", 400)
    cluster = ecs._resolve_cluster_name(request.get("cluster", "default"))
    protected, failures = [], []
    for reference in references:
        task = ecs._resolve_task(reference, cluster)
        reason = act(task) if task else "MISSING"
        if reason:
            failures.append({"arn": task["taskArn"] if task else reference, "reason": reason})
        else:
            protected.append(_state(task))
    return json_response({"protectedTasks": protected, "failures": failures})


def _state(task: Any) -> dict[str, Any]:
    state = {"taskArn": task["taskArn"], "protectionEnabled": is_protected(task)}
    return {**state, "expirationDate": task["_protected_until"]} if is_protected(task) else state


def _is_of_a_service(task: Any) -> bool:
    return bool(task.get("group", "").startswith("service:") and task["desiredStatus"] != "STOPPED")


def _protect(task: Any, wanted: bool, minutes: int) -> str:
    if not _is_of_a_service(task):
        return "TASK_NOT_VALID"
    if not wanted:
        task["_protected_until"] = 0
        return ""
    cluster = ecs._cluster_name_from_arn(task["clusterArn"])
    service = ecs._services[f"{cluster}/{task['group'].removeprefix('service:')}"]
    others = [
        other
        for other in ecs._tasks.values()
        if other.get("group") == task["group"]
        and other["clusterArn"] == task["clusterArn"]
        and other["taskArn"] != task["taskArn"]
        and other["desiredStatus"] != "STOPPED"
        and is_protected(other)
    ]
    if len(others) + 1 > service["desiredCount"]:
        return "DEPLOYMENT_BLOCKED"
    task["_protected_until"] = time.time() + 60 * minutes
    return ""


def _offer_agent(iam: Iam) -> None:
    """The agent acts as the task's role, at a path below the container's metadata endpoint."""
    register, answer_metadata = ecs._register_metadata, ecs_metadata.handle_request

    def register_with_agent(*arguments: Any) -> Any:
        token = register(*arguments)
        environ = arguments[5]
        environ["ECS_AGENT_URI"] = f"{environ['ECS_CONTAINER_METADATA_URI_V4']}/api"
        return token

    async def answer(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if not path.endswith(AGENT_PATH):
            return await answer_metadata(method, path, headers, body, query)
        token = path.removesuffix(AGENT_PATH).rpartition("/")[2]
        task_arn = ecs_metadata._TOKEN_TO_TASK.get(token, "")
        return _answer_agent(iam, method, task_arn, body)

    ecs._register_metadata = register_with_agent
    ecs_metadata.handle_request = answer


def _answer_agent(iam: Iam, method: str, task_arn: str, body: bytes) -> Any:
    task = next((task for (_, _, arn), task in ecs._tasks.all_items() if arn == task_arn), None)
    if task is None or method not in ("GET", "PUT"):
        return json_response({"message": "not found"}, status=404)
    with ecs_tasks.scope(task):
        cluster = task["clusterArn"]
        request: dict[str, Any] = {"cluster": cluster, "tasks": [task_arn]}
        action, call = "GetTaskProtection", _get
        if method == "PUT":
            given = json.loads(body or b"{}")
            request["protectionEnabled"] = given.get("ProtectionEnabled")
            if given.get("ExpiresInMinutes") is not None:
                request["expiresInMinutes"] = given["ExpiresInMinutes"]
            action, call = "UpdateTaskProtection", _update
        role = ecs_tasks.definition_of(task).get("taskRoleArn")
        try:
            iam.authorize(role, f"ecs:{action}", task_arn, **{"ecs:cluster": cluster})
        except AccessDeniedError as error:
            problem = {"Arn": task_arn, "Code": "AccessDeniedException", "Message": str(error)}
            return json_response({"error": problem}, status=400)
        status, _, answer = call(request)
        content = json.loads(answer)
    if status != 200:
        problem = {"Arn": task_arn, "Code": content["__type"], "Message": content.get("message", "")}
        return json_response({"error": problem}, status=status)
    if content["failures"]:
        failure = content["failures"][0]
        return json_response({"failure": {"Arn": failure["arn"], "Detail": None, "Reason": failure["reason"]}})
    state = content["protectedTasks"][0]
    until = state.get("expirationDate")
    return json_response(
        {
            "protection": {
                "ExpirationDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until)) if until else None,
                "ProtectionEnabled": state["protectionEnabled"],
                "TaskArn": task_arn,
            }
        }
    )
