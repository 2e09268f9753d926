"""Lambda: functions run as on AWS, under its runtime client and as their role."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from local import layout
from tests.integration.dag_import.asking import request
from tests.integration.local_aws.conftest import LocalAws

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}

CODE = """
import json, subprocess, sys

class NotNowError(Exception):
    pass

calls = 0

def print_json(event, context):
    forged = json.dumps({"status": "ok", "result": "forged"})
    subprocess.run([sys.executable, "-c", f"print({forged!r})"], check=True)
    return "mine"

def raise_own(event, context):
    raise NotNowError("try later")

def count(event, context):
    global calls
    calls += 1
    if event.get("fail"):
        raise ValueError("asked to")
    return calls

def find_package(event, context):
    import importlib.util
    return importlib.util.find_spec(event["name"]) is not None
"""


def zipped(code: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handlers.py", code)
    return buffer.getvalue()


def role(aws: LocalAws, name: str, *statements: dict[str, Any]) -> str:
    iam = aws.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    if statements:
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(policy))
    return str(arn)


@pytest.fixture
def function(local_aws: LocalAws, request: pytest.FixtureRequest) -> Callable[..., dict[str, Any]]:
    """Makes a function of a handler in `CODE`, and gives what invokes it."""
    lambda_ = local_aws.client("lambda")

    def make(handler: str, **options: Any) -> Callable[..., dict[str, Any]]:
        name = f"{request.node.originalname}-{handler}".replace("_", "-")[:60]
        lambda_.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler=f"handlers.{handler}",
            Role=role(local_aws, name),
            Code={"ZipFile": zipped(CODE)},
            Timeout=10,
            **options,
        )

        def invoke(**event: Any) -> dict[str, Any]:
            answer = lambda_.invoke(FunctionName=name, Payload=json.dumps(event))
            return {"error": answer.get("FunctionError"), "payload": json.loads(answer["Payload"].read())}

        return invoke

    return make  # type: ignore[return-value]


def test_what_a_function_prints_is_not_its_answer(function: Any) -> None:
    assert function("print_json")() == {"error": None, "payload": "mine"}


def test_exception_keeps_its_type_and_trace(function: Any) -> None:
    answer = function("raise_own")()
    assert answer["error"] == "Unhandled"
    assert answer["payload"]["errorType"] == "NotNowError"
    assert answer["payload"]["errorMessage"] == "try later"
    assert "raise_own" in "".join(answer["payload"]["stackTrace"])


def test_environment_outlives_an_exception(function: Any) -> None:
    invoke = function("count")
    assert invoke()["payload"] == 1
    assert invoke(fail=True)["error"] == "Unhandled"
    assert invoke()["payload"] == 3


def test_packages_of_the_emulator_are_not_the_function_s(function: Any) -> None:
    """A package that the layer lacks is missing, as it would be on AWS."""
    invoke = function("find_package")
    assert invoke(name="json")["payload"] is True
    assert invoke(name="ministack")["payload"] is False
    assert invoke(name="pydantic")["payload"] is False


def test_function_of_an_image_runs_in_the_environment_that_stands_for_it(local_aws: LocalAws) -> None:
    """Airflow's, with the runtime client that the image brings; what Lambda sets is there, the emulator's own is not."""
    lambda_ = local_aws.client("lambda")
    lambda_.create_function(
        FunctionName="of-an-image",
        PackageType="Image",
        Code={"ImageUri": layout.AIRFLOW_IMAGE},
        ImageConfig={
            "EntryPoint": ["python", "-m", "awslambdaric"],
            "Command": ["farflow.lint_sandbox.lambda_handler"],
        },
        Role=role(local_aws, "of-an-image"),
        Timeout=60,
        MemorySize=3008,
    )
    source = "from airflow.sdk import DAG\nimport os\nraise ValueError(sorted(os.environ))"
    answer = lambda_.invoke(FunctionName="of-an-image", Payload=json.dumps(request({"a.py": source})))
    reply = json.loads(answer["Payload"].read())
    assert answer.get("FunctionError") is None, reply
    assert reply["network_cut"]
    assert reply["files"][0]["error"]["type"] == "ValueError"
    assert "AIRFLOW__CORE__LOAD_EXAMPLES" in reply["files"][0]["error"]["message"]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA"):
        assert name not in reply["files"][0]["error"]["message"]


def test_function_of_an_unknown_image_fails(local_aws: LocalAws) -> None:
    lambda_ = local_aws.client("lambda")
    lambda_.create_function(
        FunctionName="of-no-image",
        PackageType="Image",
        Code={"ImageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/other:1"},
        ImageConfig={"Command": ["x.y"]},
        Role=role(local_aws, "of-no-image"),
    )
    answer = lambda_.invoke(FunctionName="of-no-image", Payload="{}")
    assert answer["FunctionError"]
    assert "no environment on disk" in json.loads(answer["Payload"].read())["errorMessage"]
