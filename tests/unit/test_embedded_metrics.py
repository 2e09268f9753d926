"""The embedded metric format."""

import json
from typing import Any

import pytest

from local.emulator.embedded_metrics import Metric, metrics_of

MINUTE = 1_559_748_420.0
DOCUMENT: dict[str, Any] = {
    "_aws": {
        "Timestamp": 1_559_748_430_481,
        "CloudWatchMetrics": [
            {
                "Namespace": "Farflow",
                "Dimensions": [["service"], ["service", "group"], []],
                "Metrics": [{"Name": "Gap", "Unit": "Count"}, {"Name": "Seconds", "StorageResolution": 1}],
            }
        ],
    },
    "service": "scaler",
    "group": "default",
    "Gap": 3,
    "Seconds": [1.5, 2],
}


def test_each_dimension_set_is_a_metric_of_its_own() -> None:
    gaps = [metric for metric in metrics_of(json.dumps(DOCUMENT)) if metric.name == "Gap"]
    assert gaps == [
        Metric("Farflow", "Gap", "Count", dimensions, MINUTE, (3.0,))
        for dimensions in ({"service": "scaler"}, {"service": "scaler", "group": "default"}, {})
    ]


def test_array_is_as_many_values_and_resolution_one_keeps_the_second() -> None:
    seconds = next(metric for metric in metrics_of(json.dumps(DOCUMENT)) if metric.name == "Seconds")
    assert seconds == Metric("Farflow", "Seconds", "None", {"service": "scaler"}, 1_559_748_430.0, (1.5, 2.0))


def test_document_may_follow_what_lambda_puts_before_it() -> None:
    assert metrics_of("2026-01-01T00:00:00Z request-id " + json.dumps(DOCUMENT))


@pytest.mark.parametrize(
    "message",
    [
        "plain text",
        '"_aws"',
        '{"_aws": {}}',
        json.dumps({**DOCUMENT, "Gap": "three"}),
        json.dumps({key: value for key, value in DOCUMENT.items() if key != "service"}),
        json.dumps(DOCUMENT) + " and more",
    ],
)
def test_anything_else_holds_no_metric(message: str) -> None:
    assert metrics_of(message) == []
