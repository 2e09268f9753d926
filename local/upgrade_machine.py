"""The state machine of upgrades in one deployment, as an operator asks it for a part: a Drain or a Resume."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any, Literal

from control_plane.state_failure import in_words
from local.deployed import Deployed
from local.errors import LocalStackError

SERVICES_PER_CALL = 10
WORKERS = "worker-"


class OlderFarflowError(LocalStackError):
    """What is deployed cannot be asked."""


@dataclass(frozen=True)
class Execution:
    """As it is now."""

    status: str
    """Step Functions' own: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
    state: str = ""
    """The newest one that it entered."""
    reason: str = ""
    """Of one that failed."""


class UpgradeMachine:
    """Of one deployment. Errors besides those that are named are botocore's."""

    def __init__(self, environment: Deployed) -> None:
        """Raises `OlderFarflowError`."""
        if "UpgradeStateMachineArn" not in environment.outputs:
            raise OlderFarflowError(
                "what is deployed is of an older Farflow, which drains in a deployment alone: `make deploy` it"
            )
        self._stack_name = environment.stack_name
        self._arn = environment.outputs["UpgradeStateMachineArn"]
        self._cluster = environment.outputs["ClusterName"]
        self._cloudformation = environment.client("cloudformation")
        self._ecs = environment.client("ecs")
        self._stepfunctions = environment.client("stepfunctions")

    def begin(self, kind: Literal["Drain", "Resume"], **properties: Any) -> str:
        """Return the execution's ARN."""
        request = {"RequestType": kind, "ResourceProperties": {"Cluster": self._cluster, **properties}}
        answer = self._stepfunctions.start_execution(
            stateMachineArn=self._arn, name=f"{kind.lower()}-{uuid.uuid4()}", input=json.dumps({"request": request})
        )
        return str(answer["executionArn"])

    def look(self, execution: str) -> Execution:
        """At one of those."""
        found = self._stepfunctions.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            failure = (found.get("error", ""), found.get("cause", ""))
            return Execution(found["status"], reason=in_words(*failure) if any(failure) else "")
        newest = self._stepfunctions.get_execution_history(
            executionArn=execution, reverseOrder=True, maxResults=100, includeExecutionData=False
        )
        entered = (event for event in newest["events"] if event["type"] == "TaskStateEntered")
        return Execution("RUNNING", next((event["stateEnteredEventDetails"]["name"] for event in entered), ""))

    def workers(self) -> dict[str, int]:
        """How many there are, by group that has any."""
        pages = self._ecs.get_paginator("list_services").paginate(cluster=self._cluster)
        arns = [arn for page in pages for arn in page["serviceArns"]]
        found = {}
        for start in range(0, len(arns), SERVICES_PER_CALL):
            some = arns[start : start + SERVICES_PER_CALL]
            for service in self._ecs.describe_services(cluster=self._cluster, services=some)["services"]:
                if service["serviceName"].startswith(WORKERS) and service["runningCount"]:
                    found[service["serviceName"].removeprefix(WORKERS)] = service["runningCount"]
        return found

    def is_being_deployed(self) -> bool:
        """Whether CloudFormation is at work."""
        (stack,) = self._cloudformation.describe_stacks(StackName=self._stack_name)["Stacks"]
        return str(stack["StackStatus"]).endswith("_IN_PROGRESS")
