"""ECS: tasks live, are protected, are replaced and stop as on AWS."""

from __future__ import annotations

import itertools
import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from local import layout
from tests.integration.local_aws.conftest import LocalAws

NUMBERS = itertools.count()

SLEEP = ["python", "-c", "import time; time.sleep(600)"]
STUBBORN = [
    "python",
    "-c",
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(600)",
]
POLITE = [
    "python",
    "-c",
    (
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\nprint('up', flush=True)\n"
        "time.sleep(600)"
    ),
]

START_RIGHTS = {
    "Effect": "Allow",
    "Action": [
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchGetImage",
    ],
    "Resource": "*",
}
PROTECT = {"Effect": "Allow", "Action": ["ecs:UpdateTaskProtection", "ecs:GetTaskProtection"], "Resource": "*"}


class Cluster:
    """A cluster, with what tests do in it."""

    def __init__(self, aws: LocalAws, eventually: Callable[..., Any]) -> None:
        self.aws = aws
        self.ecs = aws.client("ecs")
        self.name = f"cluster-{next(NUMBERS)}"
        self.ecs.create_cluster(clusterName=self.name)
        self.eventually = eventually

    def role(self, *statements: dict[str, Any]) -> str:
        iam = self.aws.client("iam")
        name = f"{self.name}-{next(NUMBERS)}"
        trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy)
        return str(arn)

    def define(self, command: list[str], *others: dict[str, Any], **container: Any) -> str:
        definition = self.ecs.register_task_definition(
            family=f"{self.name}-{next(NUMBERS)}",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            executionRoleArn=self.role(START_RIGHTS),
            taskRoleArn=self.role(PROTECT),
            containerDefinitions=[
                {"name": "main", "image": layout.AIRFLOW_IMAGE, "command": command, **container},
                *({"image": layout.AIRFLOW_IMAGE, **other} for other in others),
            ],
        )
        return str(definition["taskDefinition"]["taskDefinitionArn"])

    def service(self, definition: str, count: int = 1, **options: Any) -> str:
        name = f"service-{next(NUMBERS)}"
        self.ecs.create_service(
            cluster=self.name,
            serviceName=name,
            taskDefinition=definition,
            desiredCount=count,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
            **options,
        )
        return name

    def run(self, definition: str) -> str:
        answer = self.ecs.run_task(
            cluster=self.name,
            taskDefinition=definition,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        )
        return str(answer["tasks"][0]["taskArn"])

    def task(self, arn: str) -> Any:
        return self.ecs.describe_tasks(cluster=self.name, tasks=[arn])["tasks"][0]

    def describe(self, service: str) -> Any:
        return self.ecs.describe_services(cluster=self.name, services=[service])["services"][0]

    def running(self, service: str) -> list[str]:
        """The service's running tasks, the oldest first."""
        arns = self.ecs.list_tasks(cluster=self.name, serviceName=service)["taskArns"]
        tasks = self.ecs.describe_tasks(cluster=self.name, tasks=arns)["tasks"] if arns else []
        tasks = [task for task in tasks if task["lastStatus"] == "RUNNING" and task["desiredStatus"] == "RUNNING"]
        return [task["taskArn"] for task in sorted(tasks, key=lambda task: task["createdAt"])]

    def await_running(self, service: str, count: int, seconds: float = 8) -> list[str]:
        self.eventually(lambda: len(self.running(service)) == count, seconds, f"{count} tasks run")
        return self.running(service)

    def protect(self, arn: str, *, enabled: bool = True, **options: Any) -> Any:
        return self.ecs.update_task_protection(cluster=self.name, tasks=[arn], protectionEnabled=enabled, **options)

    def output(self, arn: str, container: str = "main") -> str:
        folder = self.aws.folder / "containers" / f"ministack-ecs-{arn.rpartition('/')[2][:8]}-{container}"
        log = folder / "output.log"
        return log.read_text() if log.exists() else ""


@pytest.fixture
def cluster(local_aws: LocalAws, eventually: Callable[..., Any]) -> Cluster:
    return Cluster(local_aws, eventually)


def test_protected_task_survives_scale_in_and_another_goes(cluster: Cluster) -> None:
    """Whichever of two is protected: which one would go without is AWS's secret."""
    for index in (0, 1):
        service = cluster.service(cluster.define(SLEEP), 2)
        protected = cluster.await_running(service, 2)[index]
        assert [task["taskArn"] for task in cluster.protect(protected)["protectedTasks"]] == [protected]
        cluster.ecs.update_service(cluster=cluster.name, service=service, desiredCount=1)
        assert cluster.await_running(service, 1) == [protected]


def test_all_protected_tasks_survive_a_scale_in_to_zero(cluster: Cluster) -> None:
    service = cluster.service(cluster.define(SLEEP))
    (arn,) = cluster.await_running(service, 1)
    cluster.protect(arn)
    cluster.ecs.update_service(cluster=cluster.name, service=service, desiredCount=0)
    time.sleep(2)
    assert cluster.running(service) == [arn]
    cluster.protect(arn, enabled=False)
    assert cluster.await_running(service, 0) == []


def test_protected_task_survives_a_deployment_which_waits_for_it(cluster: Cluster) -> None:
    service = cluster.service(cluster.define(SLEEP))
    (before,) = cluster.await_running(service, 1)
    cluster.protect(before)
    cluster.ecs.update_service(cluster=cluster.name, service=service, taskDefinition=cluster.define(SLEEP))
    after = next(arn for arn in cluster.await_running(service, 2) if arn != before)
    time.sleep(2)
    assert set(cluster.running(service)) == {before, after}
    described = cluster.describe(service)
    assert described["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    assert "protected" in described["events"][0]["message"]
    cluster.protect(before, enabled=False)
    assert cluster.await_running(service, 1) == [after]
    cluster.eventually(
        lambda: cluster.describe(service)["deployments"][0]["rolloutState"] == "COMPLETED", 5, "the deployment ends"
    )


def test_protection_beyond_the_desired_count_is_blocked(cluster: Cluster) -> None:
    service = cluster.service(cluster.define(SLEEP))
    (before,) = cluster.await_running(service, 1)
    cluster.protect(before)
    cluster.ecs.update_service(cluster=cluster.name, service=service, taskDefinition=cluster.define(SLEEP))
    after = next(arn for arn in cluster.await_running(service, 2) if arn != before)
    (failure,) = cluster.protect(after)["failures"]
    assert (failure["arn"], failure["reason"]) == (after, "DEPLOYMENT_BLOCKED")


def test_protection_of_a_task_without_service_fails(cluster: Cluster) -> None:
    arn = cluster.run(cluster.define(SLEEP))
    assert cluster.protect(arn)["failures"][0]["reason"] == "TASK_NOT_VALID"


def test_protection_has_its_time(cluster: Cluster) -> None:
    service = cluster.service(cluster.define(SLEEP))
    (arn,) = cluster.await_running(service, 1)
    (state,) = cluster.protect(arn, expiresInMinutes=60)["protectedTasks"]
    assert 3500 < state["expirationDate"].timestamp() - time.time() < 3601
    with pytest.raises(cluster.ecs.exceptions.InvalidParameterException):
        cluster.protect(arn, expiresInMinutes=2881)


AGENT = """
import json, os, time, urllib.error, urllib.request
def call(method, body=None):
    url = os.environ["ECS_AGENT_URI"] + "/task-protection/v1/state"
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        return json.load(urllib.request.urlopen(request))
    except urllib.error.HTTPError as error:
        return json.load(error)
print(json.dumps([call("PUT", {"ProtectionEnabled": True, "ExpiresInMinutes": 5}), call("GET")]), flush=True)
time.sleep(600)
"""


def test_container_protects_itself_through_the_agent(cluster: Cluster) -> None:
    service = cluster.service(cluster.define(["python", "-c", AGENT]))
    (arn,) = cluster.await_running(service, 1)
    put, got = json.loads(cluster.eventually(lambda: cluster.output(arn), 5, "the agent's answers"))
    assert put == got
    assert got["protection"]["TaskArn"] == arn
    assert got["protection"]["ProtectionEnabled"] is True


@pytest.mark.parametrize(("command", "code"), [(STUBBORN, 137), (POLITE, 7)], ids=["kill", "leave"])
def test_stop_waits_for_the_stop_timeout_and_no_longer(cluster: Cluster, command: list[str], code: int) -> None:
    arn = cluster.run(cluster.define(command, stopTimeout=7))
    cluster.eventually(lambda: "up" in cluster.output(arn), 5, "the task is up")
    started = time.monotonic()
    assert cluster.ecs.stop_task(cluster=cluster.name, task=arn)["task"]["desiredStatus"] == "STOPPED"
    assert time.monotonic() - started < 1, "StopTask does not wait"
    cluster.eventually(lambda: cluster.task(arn)["lastStatus"] == "STOPPED", 10, "the task has stopped")
    took = time.monotonic() - started
    assert (took > 6.5) == (code == 137)
    task = cluster.task(arn)
    assert task["containers"][0]["exitCode"] == code
    assert task["stopCode"] == "UserInitiated"


def test_task_state_changes_are_events(cluster: Cluster) -> None:
    aws = cluster.aws
    sqs, events = aws.client("sqs"), aws.client("events")
    queue = sqs.create_queue(QueueName=f"events-{cluster.name}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"]}
    events.put_rule(Name=cluster.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=cluster.name, Targets=[{"Id": "queue", "Arn": arn}])
    task = cluster.run(cluster.define(["python", "-c", "raise SystemExit(3)"]))
    seen: list[Any] = []

    def stopped() -> Any:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            seen.append(json.loads(message["Body"])["detail"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return [detail for detail in seen if detail["taskArn"] == task and detail["lastStatus"] == "STOPPED"]

    (detail,) = cluster.eventually(stopped, 4, "the event of the stop")
    assert detail["containers"][0]["exitCode"] == 3
    states = [detail["lastStatus"] for detail in seen if detail["taskArn"] == task]
    assert states.index("RUNNING") < states.index("STOPPED")


def test_crashing_service_is_started_ever_more_slowly(cluster: Cluster) -> None:
    """Each of two tasks that crash out of step counts: one that still lives hides nothing."""
    crash = ["python", "-c", "import random, time; time.sleep(random.random() / 2); raise SystemExit(1)"]
    service = cluster.service(cluster.define(crash), 2)

    def starts() -> list[float]:
        arns = cluster.ecs.list_tasks(cluster=cluster.name, serviceName=service, desiredStatus="STOPPED")["taskArns"]
        tasks = cluster.ecs.describe_tasks(cluster=cluster.name, tasks=arns)["tasks"] if arns else []
        return sorted(task["createdAt"].timestamp() for task in tasks)

    cluster.eventually(lambda: len(starts()) >= 4, 12, "four tasks have crashed")
    times = starts()
    assert times[-1] - times[0] >= 2
    assert len(times) <= 6
    messages = [event["message"] for event in cluster.describe(service)["events"]]
    assert any("unable to consistently start tasks" in message for message in messages)


def test_every_deployment_tells_that_it_is_steady(cluster: Cluster) -> None:
    service = cluster.service(cluster.define(SLEEP))

    def steady() -> int:
        return sum("steady state" in event["message"] for event in cluster.describe(service)["events"])

    cluster.eventually(lambda: steady() == 1, 6, "the first deployment is steady")
    cluster.ecs.update_service(cluster=cluster.name, service=service, forceNewDeployment=True)
    cluster.eventually(lambda: steady() == 2, 8, "the second deployment is steady")


def test_essential_container_s_end_ends_the_others(cluster: Cluster) -> None:
    definition = cluster.define(
        ["python", "-c", "raise SystemExit(3)"], {"name": "other", "command": POLITE, "essential": False}
    )
    arn = cluster.run(definition)
    cluster.eventually(lambda: cluster.task(arn)["lastStatus"] == "STOPPED", 8, "the task has stopped")
    task = cluster.task(arn)
    assert task["stopCode"] == "EssentialContainerExited"
    codes = {container["name"]: container["exitCode"] for container in task["containers"]}
    assert codes["main"] == 3
    assert codes["other"] in (7, 143), "told to leave, before or after it listened"


def test_container_waits_for_those_that_it_depends_on(cluster: Cluster) -> None:
    slow = "import time; time.sleep(1); print(time.time())"
    definition = cluster.define(
        ["python", "-c", "import time; print(time.time())"],
        {"name": "first", "command": ["python", "-c", slow], "essential": False},
        dependsOn=[{"containerName": "first", "condition": "SUCCESS"}],
    )
    arn = cluster.run(definition)
    cluster.eventually(lambda: cluster.task(arn)["lastStatus"] == "STOPPED", 8, "the task has ended")
    assert float(cluster.output(arn, "first")) < float(cluster.output(arn))


def test_entry_point_comes_before_the_command(cluster: Cluster) -> None:
    arn = cluster.run(cluster.define(["-c", "print('entered')"], entryPoint=["python"]))
    cluster.eventually(lambda: "entered" in cluster.output(arn), 4, "the command's output")


HEALTH = {
    "command": ["CMD-SHELL", 'test ! -e "$HOME/sick"'],
    "interval": 5,
    "timeout": 2,
    "retries": 1,
    "startPeriod": 0,
}


def test_unhealthy_task_is_replaced(cluster: Cluster) -> None:
    definition = cluster.define(SLEEP, healthCheck=HEALTH)
    service = cluster.service(definition)
    (before,) = cluster.await_running(service, 1)
    cluster.eventually(lambda: cluster.task(before)["healthStatus"] == "HEALTHY", 7, "the task is healthy")
    folder = cluster.aws.folder / "containers" / f"ministack-ecs-{before.rpartition('/')[2][:8]}-main"
    (folder / "sick").touch()
    cluster.eventually(lambda: cluster.task(before)["healthStatus"] == "UNHEALTHY", 7, "the task is unhealthy")
    cluster.eventually(lambda: cluster.task(before)["desiredStatus"] == "STOPPED", 10, "the sick task is stopped")
    assert before not in cluster.await_running(service, 1)


WHO = """
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"], flush=True)
"""


def test_task_acts_as_its_role(cluster: Cluster) -> None:
    definition = cluster.define(["python", "-c", WHO])
    role = cluster.ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]["taskRoleArn"]
    arn = cluster.run(definition)
    said = cluster.eventually(lambda: cluster.output(arn).strip(), 6, "who the task is")
    assert said == f"arn:aws:sts::000000000000:assumed-role/{role.rpartition('/')[2]}/{arn.rpartition('/')[2]}"


def test_task_starts_only_with_the_rights_of_its_execution_role(cluster: Cluster) -> None:
    secret = cluster.aws.client("secretsmanager").create_secret(Name=f"secret-{cluster.name}", SecretString="x")["ARN"]
    arn = cluster.run(cluster.define(SLEEP, secrets=[{"name": "SECRET", "valueFrom": secret}]))
    cluster.eventually(lambda: cluster.task(arn)["lastStatus"] == "STOPPED", 4, "the task did not start")
    task = cluster.task(arn)
    assert task["stopCode"] == "TaskFailedToStart"
    assert "is not authorized to perform: secretsmanager:GetSecretValue" in task["stoppedReason"]


def test_metadata_endpoint_still_answers(with_additions: LocalAws) -> None:
    """The agent's path is a part of it."""
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{with_additions.url}/v4/nobody-knows-me/task")
