"""One ECS service as far as scaling sees it, and workers that report and take orders.

Requests and answers are held to boto3's model of ECS. What ECS itself does, the local AWS and the end-to-end tests show.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.validate import validate_parameters

from control_plane.worker_scaling.fleet import Order, Phase
from tests.integration import state_table

NOW = 1_800_000_000.0
SERVICE = "worker-default"
FAMILY = "farflow-worker-default"


@cache
def service_model(service: str) -> Any:
    """What boto3 knows of a service's requests."""
    return botocore.session.get_session().get_service_model(service)


def revision(number: int) -> str:
    return f"arn:aws:ecs:us-east-1:123456789012:task-definition/{FAMILY}:{number}"


class EcsService:
    """Stands in for boto3's ECS client."""

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb
        self.desired = 0
        self.served = self.newest = revision(1)
        self.status = "ACTIVE"
        self.rollout_state = "COMPLETED"
        self.deployed_at = NOW - 1000.0
        self.tasks: dict[str, dict[str, Any]] = {}
        self.updates: list[dict[str, Any]] = []
        self.fails: set[str] = set()
        """Operations that ECS answers with an error."""

    def start(self, task_id: str, *, created: float = NOW - 600, of: int = 1, **report: Any) -> None:
        """A task; with a report, it is a worker that said something."""
        self.tasks[task_id] = {
            "taskArn": f"arn:aws:ecs:us-east-1:123456789012:task/farflow/{task_id}",
            "taskDefinitionArn": revision(of),
            "createdAt": datetime.fromtimestamp(created, UTC),
            "desiredStatus": "RUNNING",
            "lastStatus": "RUNNING",
        }
        if report:
            self.report(task_id, **report)

    def report(self, task_id: str, **values: Any) -> None:
        """What a worker writes into its item."""
        full = {"reported_at": NOW, "protected_until": NOW + 86400, "hostname": task_id, "active": 0, **values}
        self._dynamodb.update_item(
            TableName=state_table.NAME,
            Key={"id": {"S": f"worker#{task_id}"}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in full),
            ExpressionAttributeNames={f"#{name}": name for name in full},
            ExpressionAttributeValues={
                f":{name}": {"S": value.value if isinstance(value, Phase | Order) else value}
                if isinstance(value, str)
                else {"N": str(value)}
                for name, value in full.items()
            },
        )

    def order_of(self, task_id: str) -> str:
        item = self._dynamodb.get_item(TableName=state_table.NAME, Key={"id": {"S": f"worker#{task_id}"}}).get(
            "Item", {}
        )
        return str(item.get("order", {}).get("S", ""))

    # ---- boto3's methods -------------------------------------------------------------------------

    def describe_services(self, **request: Any) -> Any:
        self._check("DescribeServices", request)
        assert request["services"] == [SERVICE]
        return {
            "services": [
                {
                    "status": self.status,
                    "desiredCount": self.desired,
                    "taskDefinition": self.served,
                    "deployments": [
                        {
                            "status": "PRIMARY",
                            "rolloutState": self.rollout_state,
                            "createdAt": datetime.fromtimestamp(self.deployed_at, UTC),
                            "updatedAt": datetime.fromtimestamp(self.deployed_at, UTC),
                        }
                    ],
                }
            ]
            if self.status
            else []
        }

    def describe_task_definition(self, **request: Any) -> Any:
        self._check("DescribeTaskDefinition", request)
        assert request["taskDefinition"] == FAMILY
        return {"taskDefinition": {"taskDefinitionArn": self.newest}}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_tasks"
        return self

    def paginate(self, **request: Any) -> Any:
        self._check("ListTasks", request)
        arns = [task["taskArn"] for task in self.tasks.values()]
        return [{"taskArns": arns[:1]}, {"taskArns": arns[1:]}]

    def describe_tasks(self, **request: Any) -> Any:
        self._check("DescribeTasks", request)
        return {"tasks": [task for task in self.tasks.values() if task["taskArn"] in request["tasks"]]}

    def update_service(self, **request: Any) -> Any:
        self._check("UpdateService", request)
        self.updates.append(request)
        self.desired = request.get("desiredCount", self.desired)
        self.served = request.get("taskDefinition", self.served)
        return {}

    def _check(self, operation: str, request: dict[str, Any]) -> None:
        validate_parameters(request, service_model("ecs").operation_model(operation).input_shape)
        if operation in self.fails:
            raise RuntimeError(f"{operation} failed")
