"""Who is there, of what ECS says: `metadata_migrator.cluster_tasks`."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from metadata_migrator import cluster_tasks

WORKER = "arn:aws:ecs:us-east-1:123456789012:task/cluster/1"
LEAVING = "arn:aws:ecs:us-east-1:123456789012:task/cluster/2"
GONE = "arn:aws:ecs:us-east-1:123456789012:task/cluster/3"
DESCRIBED = {WORKER: "RUNNING", LEAVING: "DEPROVISIONING", GONE: "STOPPED"}


def alive(**described: Any) -> list[str]:
    """`described` is what DescribeTasks says of the one that is listed as running."""
    ecs = boto3.client("ecs", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(ecs) as stubber:
        stubber.add_response("list_tasks", {"taskArns": [WORKER]}, {"cluster": "c", "desiredStatus": "RUNNING"})
        stubber.add_response("describe_tasks", described, {"cluster": "c", "tasks": [WORKER]})
        stubber.add_response("list_tasks", {"taskArns": [LEAVING, GONE]}, {"cluster": "c", "desiredStatus": "STOPPED"})
        stubber.add_response("describe_tasks", {"tasks": [of(LEAVING), of(GONE)], "failures": []})
        return [task["taskArn"] for task in cluster_tasks.alive(ecs, "c")]


def of(arn: str) -> dict[str, Any]:
    return {"taskArn": arn, "lastStatus": DESCRIBED[arn]}


def test_whoever_is_being_stopped_is_there_yet() -> None:
    assert alive(tasks=[of(WORKER)], failures=[]) == [WORKER, LEAVING]


def test_whoever_is_listed_and_not_described_is_not_taken_for_gone() -> None:
    with pytest.raises(cluster_tasks.NotDescribedError, match=WORKER):
        alive(tasks=[], failures=[{"arn": WORKER, "reason": "MISSING"}])
