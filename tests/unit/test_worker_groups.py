"""What the functions are told of worker groups, and what an invocation is about."""

import json
from typing import Any

import pytest

from control_plane.worker_scaling.group import WorkerGroupError, named, parse_groups
from worker_scaler.invocation import group_names

GROUP = {
    "name": "default",
    "queue_url": "https://sqs/default",
    "service": "worker-default",
    "task_definition": "farflow-worker-default",
    "concurrency": 4,
    "minimum": 0,
    "maximum": 10,
    "preset": "balanced",
}


def text(**changes: Any) -> str:
    return json.dumps([{**GROUP, **changes}])


def test_groups_are_read_in_their_order() -> None:
    groups = parse_groups(json.dumps([GROUP, {**GROUP, "name": "large", "minimum": "1"}]))
    assert [group.name for group in groups] == ["default", "large"]
    assert groups[1].minimum == 1


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ("", "cannot be read"),
        ("[1]", "cannot be read"),
        (json.dumps([{**GROUP, "concurrency": "many"}]), "cannot be read"),
        (json.dumps([{key: value for key, value in GROUP.items() if key != "service"}]), "lacks 'service'"),
        (json.dumps([GROUP, GROUP]), "same name"),
        (text(preset="cheap"), "preset is 'cheap'"),
        (text(maximum=0), "minimum 0 and maximum 0"),
        (text(minimum=-1), "minimum -1"),
        (text(concurrency=0), "less than 1"),
    ],
)
def test_bad_group_is_named(groups: str, message: str) -> None:
    with pytest.raises(WorkerGroupError, match=message):
        parse_groups(groups)


def test_minimum_above_the_maximum_counts_for_both() -> None:
    (group,) = parse_groups(text(minimum=20))
    assert (group.policy(75.0).minimum, group.policy(75.0).maximum) == (20, 20)


def test_group_that_is_off_is_measured_by_the_usual_preset() -> None:
    (group,) = parse_groups(text(preset="off"))
    assert group.is_off
    assert group.policy(75.0).maximum == 10


def alarm(group: str) -> dict[str, Any]:
    """As SNS brings an alarm to a function."""
    trigger = {"MetricName": "WorkersGap", "Dimensions": [{"value": group, "name": "worker_group"}]}
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps({"Trigger": trigger})}}]}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (alarm("large"), {"large"}),
        ({"Records": [*alarm("large")["Records"], *alarm("default")["Records"]]}, {"large", "default"}),
        ({"worker_groups": ["default"]}, {"default"}),
        ({}, set()),
        ({"Records": [{"Sns": {"Message": "no JSON"}}, {}, {"Sns": {"Message": "[]"}}]}, set()),
        ({"Records": [{"Sns": {"Message": json.dumps({"AlarmName": "composite", "AlarmRule": "x"})}}]}, set()),
    ],
)
def test_invocation_names_its_groups(event: dict[str, Any], expected: set[str]) -> None:
    assert group_names(event) == expected


def test_invocation_that_names_no_known_group_is_about_all_of_them() -> None:
    groups = parse_groups(text())
    assert named(groups, set()) == named(groups, {"unknown"}) == list(groups)
