"""A worker's item in the state table: its report to the scaler, and the scaler's order to it, in one request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.config import Config

from farflow.worker_life import Order, Phase

KEEP_SECONDS = 24 * 3600
QUICK = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})


@dataclass(frozen=True)
class Report:
    """What a worker says of itself. Times are seconds since 1970."""

    phase: Phase
    reported_at: float
    active: int
    protected_until: float
    idle_since: float | None
    """None while it has work."""
    accepting_since: float | None
    """When it opened its gate for the first time; None before."""


class WorkerItem:
    """The item `worker#<task_id>`. Errors are botocore's."""

    def __init__(self, table: str, task_id: str, group: str, hostname: str, revision: str) -> None:
        self._dynamodb = botocore.session.get_session().create_client("dynamodb", config=QUICK)
        self._table = table
        self._key = {"id": {"S": f"worker#{task_id}"}}
        self._constant = {"group": {"S": group}, "hostname": {"S": hostname}, "revision": {"S": revision}}

    def exchange(self, report: Report) -> Order:
        """Write the report; read the order. One that was long on its way never takes the place of a newer one."""
        values: dict[str, Any] = {
            **self._constant,
            "phase": {"S": report.phase.value},
            "reported_at": {"N": f"{report.reported_at:.3f}"},
            "active": {"N": str(report.active)},
            "protected_until": {"N": f"{min(report.protected_until, report.reported_at + KEEP_SECONDS):.0f}"},
            "expiration": {"N": f"{report.reported_at + KEEP_SECONDS:.0f}"},
        }
        absent = []
        for name in ("idle_since", "accepting_since"):
            moment = getattr(report, name)
            if moment is None:
                absent.append(name)
            else:
                values[name] = {"N": f"{moment:.3f}"}
        names = {f"#{name}": name for name in (*values, *absent)}
        answer = self._dynamodb.update_item(
            TableName=self._table,
            Key=self._key,
            UpdateExpression="SET "
            + ", ".join(f"#{name} = :{name}" for name in values)
            + (" REMOVE " + ", ".join(f"#{name}" for name in absent) if absent else ""),
            ConditionExpression="attribute_not_exists(#reported_at) OR #reported_at <= :reported_at",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
            ReturnValues="ALL_NEW",
        )
        return Order(answer["Attributes"].get("order", {}).get("S", Order.ACCEPT.value))
