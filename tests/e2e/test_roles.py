"""After everything else: what each role of the stack was allowed, was denied, and never used.

The local AWS enforces IAM and records every decision about a role. Together the two tests hold each role to
what it needs: an action too few is a denial, by name, and an action too many was never used.
"""

from __future__ import annotations

import fnmatch
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from local import layout
from local.aws import client

MIGRATOR = "MetadataMigration.MetadataMigratorRole"
NOT_EXERCISED = {
    ("ControlPlane.DagSyncRole", "s3:DeleteObjectVersion"): "what it removes is a day old, and the stack is not",
    ("ControlPlane.DagSyncCollectRole", "lambda:InvokeFunction"): "it comes once a day, and the stack is gone by then",
    (
        "PushGate.PushGateRole",
        "s3:ListBucket",
    ): "only S3 itself tells who may not list that what is not there is denied",
    (
        "PushGate.PushGateRole",
        "sqs:ChangeMessageVisibility",
    ): "nothing fails here for so long; the handler's tests do it",
    ("PushGate.PushWebhookRole", "dynamodb:UpdateItem"): "the queue does not fail here; the handler's tests do it",
    ("PushGate.PushWebhookRole", "kms:Decrypt"): "the local AWS decrypts secrets and tables in nobody's name",
    (
        "Airflow.DefaultWorkers.Workers.ExecutionRole",
        "kms:Decrypt",
    ): "the database's secret here is one's own, under the default key",
    ("Scaling.WorkloadMetricsRole", "kms:Decrypt"): "the local AWS decrypts secrets and tables in nobody's name",
    ("Scaling.WorkerScalerRole", "kms:Decrypt"): "the local AWS decrypts tables in nobody's name",
    (
        "Scaling.WorkerScalerRole",
        "iam:PassRole",
    ): "the local ECS asks for it where a task is run, not where a service changes",
    (
        "Scaling.WorkloadMetricsLearnRole",
        "lambda:InvokeFunction",
    ): "it comes once an hour, and the stack is gone by then",
    ("Airflow.Migration.TaskRole", "kms:Decrypt"): "the local AWS decrypts tables in nobody's name",
    **dict.fromkeys(
        ((MIGRATOR, action) for action in ("kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:DescribeKey")),
        "the local AWS encrypts tables, topics and snapshots in nobody's name",
    ),
    **dict.fromkeys(
        (
            (MIGRATOR, action)
            for action in (
                *("rds:RestoreDBInstanceFromDBSnapshot", "rds:ModifyDBInstance", "rds:DescribeDBInstances"),
                *("rds:AddTagsToResource", "rds:DeleteDBSnapshot", "ecs:StopTask"),
            )
        ),
        "no upgrade fails here, nor are there many: tests/upgrades goes back to a snapshot",
    ),
    **dict.fromkeys(
        (
            ("MetadataMigration.StateMachineRole", action)
            for action in (
                *("lambda:InvokeFunction", "xray:PutTraceSegments", "xray:PutTelemetryRecords"),
                *("xray:GetSamplingRules", "xray:GetSamplingTargets"),
            )
        ),
        "the local Step Functions asks for no role",
    ),
}
"""Granted actions that the local stack has no occasion to use on any resource, with the reason."""


def roles(cloudformation: Any, stack_name: str, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """(name in the templates, name in IAM) of every role below a stack."""
    for resource in cloudformation.describe_stack_resources(StackName=stack_name)["StackResources"]:
        here = (*path, resource["LogicalResourceId"])
        if resource["ResourceType"] == "AWS::IAM::Role":
            yield ".".join(here), resource["PhysicalResourceId"]
        elif resource["ResourceType"] == "AWS::CloudFormation::Stack":
            yield from roles(cloudformation, resource["PhysicalResourceId"], here)


@pytest.fixture(scope="module")
def names(stack: layout.Stack) -> dict[str, str]:
    """IAM's name of each role, and the templates' name for it."""
    return {physical: logical for logical, physical in roles(client(stack, "cloudformation"), layout.STACK_NAME)}


@pytest.fixture(scope="module")
def decisions(names: dict[str, str]) -> list[dict[str, Any]]:
    lines = (layout.STACK / layout.IAM_DECISIONS).read_text().splitlines()
    recorded = [json.loads(line) for line in lines]
    return [{**line, "role": names[line["role"]]} for line in recorded if line["role"] in names]


def granted(stack: layout.Stack, role: str) -> set[tuple[str, str]]:
    """Each action with each resource pattern of the role's statements."""
    iam = client(stack, "iam")
    assert not iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"], "managed policies grant too much"
    pairs: set[tuple[str, str]] = set()
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]:
            pairs |= set(itertools.product(_listed(statement["Action"]), _listed(statement["Resource"])))
    return pairs


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_no_role_was_denied_anything(decisions: list[dict[str, Any]]) -> None:
    assert decisions
    denied = [f"{line['role']}: {line['action']} on {line['resource']}" for line in decisions if not line["allowed"]]
    assert not denied


def test_every_action_granted_was_used_on_every_resource(
    request: pytest.FixtureRequest, stack: layout.Stack, names: dict[str, str], decisions: list[dict[str, Any]]
) -> None:
    if not any("test_dags" in item.nodeid for item in request.session.items):
        pytest.skip("what is used shows when all end-to-end tests run")
    used: dict[tuple[str, str], list[str]] = {}
    for line in decisions:
        if line["allowed"]:
            used.setdefault((line["role"], line["action"]), []).append(line["resource"])
    unused = {
        (role, action, pattern)
        for physical, role in names.items()
        for action, pattern in granted(stack, physical)
        if (role, action) not in NOT_EXERCISED
        and not any(fnmatch.fnmatchcase(resource, pattern) for resource in used.get((role, action), []))
    }
    assert not unused
    assert not set(used) & set(NOT_EXERCISED), "it is used after all: take it off the list"
