"""IAM as AWS enforces it: what the emulator's own enforcement (`AUTH=true`) leaves out.

- resources and condition keys of ECS, Logs, KMS, CloudWatch, CodeBuild, DynamoDB and Lambda layer requests;
- `iam:PassRole` of whoever runs a task;
- rights that a service checks on a role's behalf, without a request by the role (`authorize`);
- a record of every decision about a role, from which the tests know what each role needs.

Sources: the actions, resources and condition keys of each service in
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import dynamodb, ecs, sts

TASK_ACTIONS = {"DescribeTasks", "StopTask", "UpdateTaskProtection", "GetTaskProtection", "ExecuteCommand"}
MORE_RESOURCES = "farflow:MoreResources"
"""Carries, beside a request's condition keys, the resources that it names besides the first."""
ALSO_AUTHORIZES = {"sqs:DeleteMessageBatch": "sqs:DeleteMessage"}
"""By operation, the action that IAM knows it by.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html
"""
SERVICE_ACTIONS = {"CreateService", "UpdateService", "DeleteService", "DescribeServices"}


class AccessDeniedError(Exception):
    """A role may not do what a service tried to do for it; worded as AWS words it."""


@dataclass(frozen=True)
class Session:
    """Temporary credentials of a role, as STS would give them; `expires_at` in seconds since 1970."""

    access_key_id: str
    secret_access_key: str
    token: str
    expires_at: float


def open_session(role_arn: str, name: str, seconds: float) -> Session:
    """A session of the role for a service that hands it to what it runs."""
    role, account = role_arn.rpartition("/")[2], role_arn.split(":")[4]
    session = Session(
        f"ASIA{secrets.token_hex(8).upper()}",
        secrets.token_hex(20),
        secrets.token_urlsafe(64),
        time.time() + seconds,
    )
    sts.register_session(
        session.access_key_id,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
            "UserId": f"{role}:{name}",
            "AccountId": account,
            "SecretAccessKey": session.secret_access_key,
            "SessionToken": session.token,
            "Expiration": session.expires_at,
        },
    )
    return session


class Decisions:
    """Each decision about a role once, as JSON lines: `{"role", "action", "resource", "allowed"}`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", buffering=1)
        self._known: set[tuple[str, str, str, bool]] = set()
        self._lock = threading.Lock()

    def add(self, role: str, action: str, resource: str, *, allowed: bool) -> None:
        with self._lock:
            if (role, action, resource, allowed) not in self._known:
                self._known.add((role, action, resource, allowed))
                line = {"role": role, "action": action, "resource": resource, "allowed": allowed}
                self._file.write(json.dumps(line) + "\n")


class Iam:
    """The additions, installed on the emulator; services ask it what a role may do."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions
        self._enforce = iam_evaluator.enforce
        iam_evaluator.enforce = self._enforce_and_record
        self._extract_resource_arn = iam_actions.extract_resource_arn
        iam_actions.extract_resource_arn = self._resource_arn
        self._extract_action = iam_actions.extract_iam_action
        iam_actions.extract_iam_action = self._action
        self._request_tag_context = iam_actions.request_tag_context
        iam_actions.request_tag_context = self._request_context

    def authorize(self, role_arn: str | None, action: str, resource: str, **context: str) -> None:
        """Check `action` on `resource` for a role on whose behalf a service acts. Raises `AccessDeniedError`."""
        if not role_arn:
            self._decisions.add("(no role)", action, resource, allowed=False)
            raise AccessDeniedError(f"there is no role that may perform: {action} on resource: {resource}")
        name, account = role_arn.rpartition("/")[2], role_arn.split(":")[4]
        principal = f"arn:aws:sts::{account}:assumed-role/{name}/service"
        request = iam_evaluator.EvalContext(
            principal_arn=principal,
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=resource,
            region=get_region(),
            service_context={key.lower(): value for key, value in context.items()},
            principal_keys={},
        )
        result = iam_evaluator.evaluate(request, iam_evaluator._gather_role_policies(name, account))
        allowed = result.decision == "Allow"
        self._decisions.add(name, action, resource, allowed=allowed)
        if not allowed:
            raise AccessDeniedError(f"User: {principal} is not authorized to perform: {action} on resource: {resource}")

    def _enforce_and_record(
        self,
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        context = dict(service_context or {})
        for other in context.pop(MORE_RESOURCES, ()):
            denied = self._enforce_and_record(access_key_id, iam_action, service, region, other, context)
            if denied is not None:
                return denied
        denied = self._enforce(access_key_id, iam_action, service, region, resource_arn, context)
        principal = iam_evaluator.resolve_principal(access_key_id or "", get_account_id())
        if getattr(principal, "type", "") == "AssumedRole":
            role = iam_evaluator._role_name_from_assumed_arn(principal.arn)
            self._decisions.add(role, iam_action, resource_arn, allowed=denied is None)
        if denied is None and iam_action == "ecs:RunTask":
            return self._pass_roles(access_key_id, region, resource_arn)
        return denied

    def _pass_roles(self, access_key_id: str, region: str, task_definition: str) -> Any:
        """Whoever runs a task hands its roles over.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
        """
        definition = ecs._task_defs.get(ecs._resolve_td_key(task_definition)) or {}
        for role in filter(None, (definition.get("taskRoleArn"), definition.get("executionRoleArn"))):
            context = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
            denied = self._enforce_and_record(access_key_id, "iam:PassRole", "iam", region, role, context)
            if denied is not None:
                return denied
        return None

    def _action(self, service: str, method: str, path: str, headers: Any, body: bytes, query: Any) -> str | None:
        if service == "lambda" and _layer_version(query):
            return "lambda:GetLayerVersion"  # GetLayerVersionByArn, which the emulator takes for ListLayers
        action = self._extract_action(service, method, path, headers, body, query)
        return None if action is None else ALSO_AUTHORIZES.get(str(action), str(action))

    def _resource_arn(
        self, service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> str:
        if service == "ecs":
            action = str(headers.get("x-amz-target", "")).rpartition(".")[2]
            named = ecs_resources(action, _json(body), region, account)
            if named:
                return named[0]
        if service == "logs":
            request = _json(body)
            if "logGroupName" in request:
                stream = request.get("logStreamName", "")
                return f"arn:aws:logs:{region}:{account}:log-group:{request['logGroupName']}:log-stream:{stream}"
        if service == "lambda" and _layer_version(query):
            return _layer_version(query)
        if service == "codebuild" and "ids" in _json(body):
            projects = {build.partition(":")[0] for build in _json(body)["ids"]}
            return f"arn:aws:codebuild:{region}:{account}:project/{projects.pop() if len(projects) == 1 else '*'}"
        return str(self._extract_resource_arn(service, method, path, headers, body, query, region, account))

    def _request_context(self, service: str, iam_action: str, body: bytes, params: Any) -> dict[str, Any]:
        context = dict(self._request_tag_context(service, iam_action, body, params))
        if service == "ecs":
            cluster = ecs._resolve_cluster_name(_json(body).get("cluster", "default"))
            context["ecs:cluster"] = f"arn:aws:ecs:{get_region()}:{get_account_id()}:cluster/{cluster}"
            action = iam_action.partition(":")[2]
            context[MORE_RESOURCES] = ecs_resources(action, _json(body), get_region(), get_account_id())[1:]
        elif service == "kms":
            encryption_context = _json(body).get("EncryptionContext") or {}
            context |= {f"kms:EncryptionContext:{key}": value for key, value in encryption_context.items()}
            context["kms:EncryptionContextKeys"] = list(encryption_context)
        elif iam_action == "rds:CreateDBSnapshot":
            name = iam_actions._param(body, params, "DBSnapshotIdentifier")
            context[MORE_RESOURCES] = [f"arn:aws:rds:{get_region()}:{get_account_id()}:snapshot:{name}"]
        elif service == "dynamodb":
            keys = leading_keys(_json(body))
            if keys:
                context["dynamodb:LeadingKeys"] = keys
        elif service == "monitoring":
            namespace = iam_actions._param(body, params, "Namespace")
            if namespace:
                context["cloudwatch:namespace"] = namespace
        return context


def leading_keys(request: dict[str, Any]) -> list[str]:
    """The values of the partition key that a DynamoDB request names; none of a Scan, whose condition key is absent.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    named = [(request.get("TableName"), request[part]) for part in ("Key", "Item") if part in request]
    for table, wanted in (request.get("RequestItems") or {}).items():
        if isinstance(wanted, dict):  # BatchGetItem
            named += [(table, key) for key in wanted.get("Keys", [])]
        else:  # BatchWriteItem
            for write in wanted:
                put, delete = write.get("PutRequest") or {}, write.get("DeleteRequest") or {}
                named.append((table, put.get("Item") or delete.get("Key") or {}))
    keys = []
    for table, attributes in named:
        known = dynamodb._tables.get(str(table).rpartition("/")[2]) or {}
        value = attributes.get(known.get("pk_name")) or {}
        keys += [str(content) for content in value.values()]
    return keys


def ecs_resources(action: str, request: dict[str, Any], region: str, account: str) -> list[str]:
    """The ARNs that an ECS action is authorized on, each of them; none where the emulator knows better.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
    """
    prefix = f"arn:aws:ecs:{region}:{account}"
    cluster = str(request.get("cluster", "default")).rpartition("/")[2]

    def named(kind: str, reference: str) -> str:
        return reference if reference.startswith("arn:") else f"{prefix}:{kind}/{cluster}/{reference}"

    if action == "RunTask":
        reference = str(request.get("taskDefinition", ""))
        if not reference.startswith("arn:"):
            reference = f"{prefix}:task-definition/{ecs._resolve_td_key(reference) or reference}"
        return [reference]
    if action in TASK_ACTIONS:
        return [named("task", str(task)) for task in request.get("tasks") or [request.get("task", "*")]]
    if action in SERVICE_ACTIONS:
        services = request.get("services") or [request.get("service") or request.get("serviceName", "*")]
        return [named("service", str(service)) for service in services]
    if action == "ListTasks":
        return [f"{prefix}:container-instance/{cluster}/*"]
    return []


def _layer_version(query: Any) -> str:
    """The layer version that GetLayerVersionByArn asks for, or nothing."""

    def first(name: str) -> str:
        value = query.get(name) or ""
        return str(value[0] if isinstance(value, list) else value)

    return first("Arn") if first("find") == "LayerVersion" else ""


def _json(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}
