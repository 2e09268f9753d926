"""The embedded metric format: the metrics that a log event carries.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

STANDARD_RESOLUTION = 60


@dataclass(frozen=True)
class Metric:
    """Values of one metric at one moment, in seconds since the epoch."""

    namespace: str
    name: str
    unit: str
    dimensions: Mapping[str, str]
    timestamp: float
    values: tuple[float, ...]


def metrics_of(message: str, minute_seconds: float = 60.0) -> list[Metric]:
    """The metrics in a log event; none when the event is no document of the format, or an invalid one.

    A metric of standard resolution is stored at its minute's begin, a high-resolution one at its second's.
    """
    if '"_aws"' not in message:
        return []
    # On Lambda the document may stand behind a prefix of the runtime's, such as time and request id.
    try:
        document = json.loads(message[message.index("{") :])
        return list(_metrics(document, minute_seconds))
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _metrics(document: Mapping[str, Any], minute_seconds: float) -> Iterator[Metric]:
    timestamp = document["_aws"]["Timestamp"] / 1000
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: str(document[name]) for name in names}
            for definition in directive["Metrics"]:
                target = document[definition["Name"]]
                resolution = definition.get("StorageResolution", STANDARD_RESOLUTION)
                step = minute_seconds / STANDARD_RESOLUTION * (1 if resolution == 1 else STANDARD_RESOLUTION)
                yield Metric(
                    directive["Namespace"],
                    definition["Name"],
                    definition.get("Unit", "None"),
                    dimensions,
                    timestamp // step * step,
                    tuple(float(value) for value in (target if isinstance(target, list) else [target])),
                )
