"""Workers of the end-to-end tests' stack, where no scaler counts them: told by the tests themselves, in the scaler's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from farflow.worker_life import Order
from local import aws, layout
from tests.waiting import eventually

SERVICE = "worker-default"
LONG_POLL_SECONDS = 20
"""A worker is drained, or ends, when its last poll has ended."""


@dataclass(frozen=True)
class Workers:
    """The workers of the stack's one group."""

    stack: layout.Stack
    cluster: str

    def ids(self) -> list[str]:
        """Of the tasks that ECS means to keep running, also those that only begin to start."""
        ecs = aws.client(self.stack, "ecs")
        arns = ecs.list_tasks(cluster=self.cluster, serviceName=SERVICE, desiredStatus="RUNNING")["taskArns"]
        return [arn.rpartition("/")[2] for arn in arns]

    def item(self, task_id: str) -> dict[str, Any]:
        """What the worker reported and was told, as plain text by attribute."""
        answer = aws.client(self.stack, "dynamodb").get_item(
            TableName=self.table(), Key={"id": {"S": f"worker#{task_id}"}}, ConsistentRead=True
        )
        return {name: next(iter(value.values())) for name, value in answer.get("Item", {}).items()}

    def order(self, task_id: str, order: Order) -> None:
        aws.client(self.stack, "dynamodb").update_item(
            TableName=self.table(),
            Key={"id": {"S": f"worker#{task_id}"}},
            UpdateExpression="SET #order = :order",
            ExpressionAttributeNames={"#order": "order"},
            ExpressionAttributeValues={":order": {"S": order.value}},
        )

    def await_phase(self, task_id: str, phase: str, seconds: float) -> None:
        eventually(lambda: self.item(task_id).get("phase") == phase, seconds, f"worker {task_id} is {phase}")

    def stop(self, task_id: str) -> None:
        """SIGTERM, as Spot's notice or a retired host brings it: protection is no help."""
        aws.client(self.stack, "ecs").stop_task(cluster=self.cluster, task=task_id, reason="a test")

    def await_gone(self, task_id: str, seconds: float) -> None:
        ecs = aws.client(self.stack, "ecs")

        def is_gone() -> bool:
            tasks = ecs.describe_tasks(cluster=self.cluster, tasks=[task_id])["tasks"]
            return not tasks or tasks[0]["lastStatus"] == "STOPPED"

        eventually(is_gone, seconds, f"worker {task_id} is gone")

    def set_count(self, count: int) -> None:
        """The service's desired count alone: ECS starts what is missing, and stops nobody who is protected."""
        aws.client(self.stack, "ecs").update_service(cluster=self.cluster, service=SERVICE, desiredCount=count)

    def stop_down_to(self, count: int) -> None:
        """Lower the count, and stop those that are too many."""
        self.set_count(count)
        extra = self.ids()[count:]
        for task_id in extra:
            self.stop(task_id)
        for task_id in extra:
            self.await_gone(task_id, LONG_POLL_SECONDS + 40)

    def table(self) -> str:
        """The state table's name."""
        return aws.state_table(self.stack)
