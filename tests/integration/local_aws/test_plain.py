"""The control of every test beside this one: the plain emulator works, but for what is added to it.

A test that is expected to fail there would also "fail" on an emulator that does not run at all.
"""

from __future__ import annotations

import json
import time

from local import layout
from tests.integration.local_aws.conftest import LocalAws
from tests.integration.local_aws.test_lambda import role, zipped


def test_plain_emulator_runs_a_task(plain: LocalAws) -> None:
    ecs = plain.client("ecs")
    ecs.create_cluster(clusterName="control")
    command = ["python", "-c", "raise SystemExit(3)"]
    definition = ecs.register_task_definition(
        family="control", containerDefinitions=[{"name": "main", "image": layout.AIRFLOW_IMAGE, "command": command}]
    )["taskDefinition"]["taskDefinitionArn"]
    (task,) = ecs.run_task(cluster="control", taskDefinition=definition)["tasks"]
    deadline = time.monotonic() + 20
    while task["lastStatus"] != "STOPPED":
        assert time.monotonic() < deadline, plain.log[-2000:]
        time.sleep(0.1)
        (task,) = ecs.describe_tasks(cluster="control", tasks=[task["taskArn"]])["tasks"]
    assert task["containers"][0]["exitCode"] == 3


def test_plain_emulator_runs_a_function(plain: LocalAws) -> None:
    lambda_ = plain.client("lambda")
    lambda_.create_function(
        FunctionName="control",
        Runtime="python3.13",
        Handler="handlers.handler",
        Role=role(plain, "control"),
        Code={"ZipFile": zipped("def handler(event, context):\n    return event['number'] + 1\n")},
    )
    answer = lambda_.invoke(FunctionName="control", Payload=json.dumps({"number": 1}))
    assert json.loads(answer["Payload"].read()) == 2


def test_plain_emulator_makes_a_stack(plain: LocalAws) -> None:
    cloudformation = plain.client("cloudformation")
    template = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    cloudformation.create_stack(StackName="control", TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(StackName="control", WaiterConfig={"Delay": 1})
