"""What scaling keeps in the state table, apart from the workers' own items.

| item | written by | holds |
|---|---|---|
| `worker#<ECS task id>` | the worker; `order`, `order_token` by `worker_scaler` | docs/scaling.md |
| `workload#<group>` | `workload_metrics` | the last workload, as text |
| `cold_start#<group>` | `workload_metrics` | how long the last workers took from their creation until they accepted |
| `lease#worker_scaler#<group>` | `worker_scaler` | who acts for the group, and the fencing token |
| `rollout#<group>` | `worker_scaler` | the task definition that the service was told last |
| `worker_hold` | `metadata_migrator` | whether an upgrade wants all workers drained |
| `followed_hold#<service>` | `worker_scaler` | after which hold the service's workers were back last |

Each is written under conditions or by one writer. Errors are botocore's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from control_plane.worker_scaling.fleet import Order, Phase
from control_plane.worker_scaling.hold_item import HoldItem
from control_plane.worker_scaling.rollout import RolledOut
from control_plane.worker_scaling.workload import Workload
from control_plane.worker_scaling.workload_text import WorkloadTextError, from_text, to_text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH = 100
"""Keys of one BatchGetItem: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
TRIES = 5
KEEP_SECONDS = 7 * 24 * 3600


class UnreadItemsError(RuntimeError):
    """DynamoDB did not give all the workers' items, in several tries."""


@dataclass(frozen=True)
class Lease:
    """The right to act for one group until it ends. A later lease has a higher token."""

    group: str
    token: int


class ScalingState:
    """The items of the table above."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self.hold = HoldItem(dynamodb, table)

    # ---- Workers -------------------------------------------------------------------------------

    def workers(self, task_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The items of these ECS tasks, as plain values, by task id; those that never reported are missing."""
        found: dict[str, dict[str, Any]] = {}
        for ids in _batches(list(task_ids)):
            keys: list[Any] = [{"id": {"S": worker_key(task_id)}} for task_id in ids]
            for _ in range(TRIES):
                answer = self._dynamodb.batch_get_item(
                    RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
                )
                for item in answer["Responses"].get(self._table, []):
                    values = {name: _plain(value) for name, value in item.items()}
                    found[str(values["id"]).partition("#")[2]] = values
                keys = list(answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", []))
                if not keys:
                    break
            else:
                raise UnreadItemsError(f"{len(keys)} workers' items could not be read")
        return found

    def order(self, task_id: str, order: Order, lease: Lease) -> bool:
        """Tell a worker. False when a later lease has told it something, or it is not drained and should leave."""
        condition = "(attribute_not_exists(order_token) OR order_token <= :token)"
        values: dict[str, Any] = {":order": {"S": order.value}, ":token": {"N": str(lease.token)}}
        if order is Order.LEAVE:
            condition += " AND phase = :drained AND #order = :drain"
            values |= {":drained": {"S": Phase.DRAINED.value}, ":drain": {"S": Order.DRAIN.value}}
        return self._update(
            worker_key(task_id),
            UpdateExpression="SET #order = :order, order_token = :token",
            ConditionExpression=condition,
            ExpressionAttributeNames={"#order": "order"},
            ExpressionAttributeValues=values,
        )

    # ---- Workload ------------------------------------------------------------------------------

    def save_workload(self, group: str, workload: Workload) -> None:
        """An older observation never takes the place of a newer one."""
        self._update(
            f"workload#{group}",
            UpdateExpression="SET observed_at = :at, workload = :text, expiration = :expiration",
            ConditionExpression="attribute_not_exists(observed_at) OR observed_at <= :at",
            ExpressionAttributeValues={
                ":at": {"N": str(workload.observed_at)},
                ":text": {"S": to_text(workload)},
                ":expiration": {"N": str(int(workload.observed_at) + KEEP_SECONDS)},
            },
        )

    def workload(self, group: str) -> Workload | None:
        """The last one; None before the first, or when another version wrote it."""
        item = self._get(f"workload#{group}")
        try:
            return from_text(str(item["workload"])) if item else None
        except WorkloadTextError:
            return None

    # ---- Cold starts ---------------------------------------------------------------------------

    def cold_starts(self, group: str) -> dict[str, float]:
        """Seconds by ECS task id, the oldest first."""
        item = self._get(f"cold_start#{group}")
        return {str(key): float(value) for key, value in json.loads(str(item["seconds"]))} if item else {}

    def save_cold_starts(self, group: str, seconds: Mapping[str, float]) -> None:
        """Whoever writes last wins: what is lost is learnt again."""
        text = json.dumps([[key, round(value, 1)] for key, value in seconds.items()])
        self._dynamodb.put_item(
            TableName=self._table, Item={"id": {"S": f"cold_start#{group}"}, "seconds": {"S": text}}
        )

    # ---- Lease ---------------------------------------------------------------------------------

    def acquire(self, group: str, now: float, seconds: float) -> Lease | None:
        """The right to act for `seconds`; None while somebody has it."""
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key={"id": {"S": lease_key(group)}},
                UpdateExpression="SET lease_until = :until ADD lease_token :one",
                ConditionExpression="attribute_not_exists(lease_until) OR lease_until <= :now",
                ExpressionAttributeValues={
                    ":until": {"N": str(now + seconds)},
                    ":now": {"N": str(now)},
                    ":one": {"N": "1"},
                },
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if not _is_refusal(error):
                raise
            return None
        return Lease(group, int(answer["Attributes"]["lease_token"]["N"]))

    def extend(self, lease: Lease, now: float, seconds: float) -> bool:
        """Whether the lease is still this one, which then lasts for `seconds` from now."""
        return self._update(
            lease_key(lease.group),
            UpdateExpression="SET lease_until = :until",
            ConditionExpression="lease_token = :token",
            ExpressionAttributeValues={":until": {"N": str(now + seconds)}, ":token": {"N": str(lease.token)}},
        )

    def release(self, lease: Lease) -> None:
        """Let the next one act at once. Changes nothing when the lease is another's by now."""
        self._update(
            lease_key(lease.group),
            UpdateExpression="SET lease_until = :none",
            ConditionExpression="lease_token = :token",
            ExpressionAttributeValues={":none": {"N": "0"}, ":token": {"N": str(lease.token)}},
        )

    # ---- Rollouts ------------------------------------------------------------------------------

    def rolled_out(self, group: str) -> RolledOut | None:
        """What the service was told last; None before the first."""
        item = self._get(f"rollout#{group}")
        return RolledOut(str(item["task_definition"]), float(item.get("told_at", 0.0))) if item else None

    def save_rolled_out(self, lease: Lease, told: RolledOut) -> None:
        """After the service was told: another revision there is ECS's doing then, and is not tried again and again."""
        item: dict[str, Any] = {
            "id": {"S": f"rollout#{lease.group}"},
            "task_definition": {"S": told.task_definition},
            "told_at": {"N": str(told.at)},
        }
        self._dynamodb.put_item(TableName=self._table, Item=item)

    def _get(self, key: str) -> dict[str, Any]:
        answer = self._dynamodb.get_item(TableName=self._table, Key={"id": {"S": key}}, ConsistentRead=True)
        return {name: _plain(value) for name, value in answer.get("Item", {}).items()}

    def _update(self, key: str, **request: Any) -> bool:
        try:
            self._dynamodb.update_item(TableName=self._table, Key={"id": {"S": key}}, **request)
        except ClientError as error:
            if not _is_refusal(error):
                raise
            return False
        return True


def worker_key(task_id: str) -> str:
    """The item of a worker."""
    return f"worker#{task_id}"


def lease_key(group: str) -> str:
    """The item of who acts for a group."""
    return f"lease#worker_scaler#{group}"


def _batches(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _plain(value: Any) -> str | float:
    ((kind, content),) = value.items()
    return float(content) if kind == "N" else str(content)


def _is_refusal(error: ClientError) -> bool:
    return bool(error.response["Error"]["Code"] == "ConditionalCheckFailedException")
