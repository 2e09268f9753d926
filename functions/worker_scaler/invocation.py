"""Which worker groups an invocation is about: of an alarm by way of SNS, or of `workload_metrics` itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

DIMENSION = "worker_group"
"""The dimension of the metrics that the alarms look at."""


def group_names(event: Mapping[str, Any]) -> set[str]:
    """The names that `event` gives, which may be none: then it is about all of them.

    `workload_metrics` sends `{"worker_groups": [name, ...]}`. Of an alarm it is the dimension of its metric:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    """
    given = event.get("worker_groups")
    if isinstance(given, list):
        return {str(name) for name in given}
    return {name for message in _messages(event) for name in _dimensions(message)}


def _messages(event: Mapping[str, Any]) -> Iterator[Any]:
    for record in event.get("Records") or ():
        try:
            yield json.loads(record["Sns"]["Message"])
        except (KeyError, TypeError, ValueError):
            continue


def _dimensions(message: Any) -> Iterator[str]:
    trigger = message.get("Trigger") if isinstance(message, dict) else None
    for dimension in (trigger or {}).get("Dimensions") or ():
        if dimension.get("name") == DIMENSION:
            yield str(dimension["value"])
