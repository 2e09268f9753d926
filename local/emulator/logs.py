"""CloudWatch Logs: what happens to events as they are ingested, and filter patterns.

- metrics that events carry: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
- metric filters: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
- subscriptions to Firehose: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html

The emulator knows subscriptions to functions only, patterns of plain terms only, and no metrics.
"""

from __future__ import annotations

import base64
import gzip
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, new_uuid
from ministack.services import cloudwatch_logs, firehose

from local.emulator import cloudwatch
from local.emulator.embedded_metrics import metrics_of
from local.emulator.iam import AccessDeniedError, Iam
from local.emulator.log_filter_pattern import FilterPatternError, compiled, value_at

logger = logging.getLogger("farflow.logs")

Event = Mapping[str, Any]


def install(iam: Iam) -> None:
    cloudwatch_logs._compile_filter_pattern = lambda pattern: compiled(pattern or "")
    cloudwatch_logs._subscription_pattern_matches = lambda pattern, message: compiled(pattern or "")(message)
    for name in ("_filter_log_events", "_put_subscription_filter", "_put_metric_filter"):
        setattr(cloudwatch_logs, name, _refusing_bad_patterns(getattr(cloudwatch_logs, name)))
    to_functions = cloudwatch_logs._fanout_to_subscription_filters

    def ingest(group: str, stream: str, events: Sequence[Event]) -> None:
        to_functions(group, stream, events)
        try:
            _publish_embedded_metrics(events)
            _publish_filtered_metrics(group, events)
            _send_to_firehose(iam, group, stream, events)
        except Exception:
            logger.exception("events of %s were stored, but not handed on", group)

    cloudwatch_logs._fanout_to_subscription_filters = ingest


def _refusing_bad_patterns(original: Callable[..., Any]) -> Callable[..., Any]:
    def checked(data: Mapping[str, Any]) -> Any:
        try:
            compiled(data.get("filterPattern") or "")
        except FilterPatternError as error:
            return error_response_json("InvalidParameterException", f"Invalid filter pattern: {error}", 400)
        return original(data)

    return checked


def _timestamp(event: Event) -> float:
    return float(event.get("timestamp", time.time() * 1000)) / 1000


def _publish_embedded_metrics(events: Iterable[Event]) -> None:
    for event in events:
        for each in metrics_of(event["message"], cloudwatch.MINUTE_SECONDS):
            cloudwatch.record(each.namespace, each.name, each.dimensions, each.unit, each.timestamp, *each.values)


def _publish_filtered_metrics(group: str, events: Iterable[Event]) -> None:
    filters = [each for each in cloudwatch_logs._metric_filters.values() if each["logGroupName"] == group]
    for metric_filter in filters:
        matches = compiled(metric_filter["filterPattern"])
        for event in events:
            for transformation in metric_filter["metricTransformations"]:
                _publish_transformed(transformation, event, matched=matches(event["message"]))


def _publish_transformed(transformation: Mapping[str, Any], event: Event, *, matched: bool) -> None:
    """The event's value, or the default one of an event that does not match; nothing without a number."""
    message = event["message"]
    value = transformation["metricValue"] if matched else transformation.get("defaultValue")
    if isinstance(value, str) and value.startswith("$"):
        value = value_at(message, value)
    selectors = transformation.get("dimensions") or {}
    dimensions = {name: value_at(message, selector) for name, selector in selectors.items()}
    if value is None or None in dimensions.values():
        return
    try:
        number = float(value)
    except (TypeError, ValueError):
        return
    cloudwatch.record(
        transformation["metricNamespace"],
        transformation["metricName"],
        {name: str(each) for name, each in dimensions.items()},
        transformation.get("unit") or "None",
        _timestamp(event),
        number,
    )


def _send_to_firehose(iam: Iam, group: str, stream: str, events: Iterable[Event]) -> None:
    subscriptions = (cloudwatch_logs._log_groups.get(group) or {}).get("subscriptionFilters") or {}
    for subscription in subscriptions.values():
        destination = subscription["destinationArn"]
        if ":deliverystream/" not in destination:
            continue
        matches = compiled(subscription["filterPattern"])
        matching = [event for event in events if matches(event["message"])]
        if not matching:
            continue
        try:
            iam.authorize(subscription["roleArn"], "firehose:PutRecord", destination)
        except AccessDeniedError as error:
            logger.warning("subscription %s: %s", subscription["filterName"], error)
            continue
        record = base64.b64encode(_envelope(group, stream, subscription["filterName"], matching)).decode()
        name = destination.rpartition("/")[2]
        answer = firehose._put_record({"DeliveryStreamName": name, "Record": {"Data": record}})
        if answer[0] != 200:
            logger.warning("subscription %s: %s", subscription["filterName"], answer[2])


def _envelope(group: str, stream: str, filter_name: str, events: Iterable[Event]) -> bytes:
    """What a subscriber gets, compressed at the level that AWS documents."""
    data = {
        "messageType": "DATA_MESSAGE",
        "owner": get_account_id(),
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": [filter_name],
        "logEvents": [
            {"id": new_uuid().replace("-", ""), "timestamp": int(_timestamp(event) * 1000), "message": event["message"]}
            for event in events
        ],
    }
    return gzip.compress(json.dumps(data).encode(), compresslevel=6)
