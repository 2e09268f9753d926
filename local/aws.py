"""Clients for the local AWS, and where the deployed template's things are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import boto3

from local import layout
from local.errors import LocalStackError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient


DEPLOYED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
"""Of a stack: what was deployed last, or before a deployment that failed, is there."""


class NotDeployedError(LocalStackError):
    """The stack runs, but the template is not deployed on it."""


@overload
def client(stack: layout.Stack, service: Literal["cloudformation"]) -> CloudFormationClient: ...
@overload
def client(stack: layout.Stack, service: Literal["cloudwatch"]) -> CloudWatchClient: ...
@overload
def client(stack: layout.Stack, service: Literal["ecs"]) -> ECSClient: ...
@overload
def client(stack: layout.Stack, service: Literal["elbv2"]) -> ElasticLoadBalancingv2Client: ...
@overload
def client(stack: layout.Stack, service: Literal["kms"]) -> KMSClient: ...
@overload
def client(stack: layout.Stack, service: Literal["rds"]) -> RDSClient: ...
@overload
def client(stack: layout.Stack, service: Literal["s3"]) -> S3Client: ...
@overload
def client(stack: layout.Stack, service: Literal["secretsmanager"]) -> SecretsManagerClient: ...
@overload
def client(stack: layout.Stack, service: Literal["sqs"]) -> SQSClient: ...
@overload
def client(stack: layout.Stack, service: Literal["stepfunctions"]) -> SFNClient: ...
@overload
def client(stack: layout.Stack, service: Literal["lambda"]) -> LambdaClient: ...
@overload
def client(stack: layout.Stack, service: Literal["dynamodb"]) -> DynamoDBClient: ...
def client(stack: layout.Stack, service: Any) -> Any:
    """A boto3 client of this stack's, whatever the user's own AWS configuration says."""
    return boto3.client(
        service,
        endpoint_url=stack.aws_url,
        region_name=layout.REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def outputs(stack: layout.Stack) -> dict[str, str]:
    """The deployed template's outputs by name. Raises `NotDeployedError`."""
    cloudformation = client(stack, "cloudformation")
    try:
        found = cloudformation.describe_stacks(StackName=layout.STACK_NAME)["Stacks"]
    except cloudformation.exceptions.ClientError:
        found = []
    if not found or found[0]["StackStatus"] not in DEPLOYED:
        raise NotDeployedError(f"the template is not deployed as {layout.STACK_NAME}")
    return {output["OutputKey"]: output["OutputValue"] for output in found[0].get("Outputs", [])}


def queue_depth(stack: layout.Stack, queue_url: str) -> tuple[int, int]:
    """How many messages wait, and how many are with a worker."""
    attributes = client(stack, "sqs").get_queue_attributes(
        QueueUrl=queue_url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return (
        int(attributes["ApproximateNumberOfMessages"]),
        int(attributes["ApproximateNumberOfMessagesNotVisible"]),
    )


def ui_url(stack: layout.Stack) -> str:
    """Where a browser on this machine finds the load balancer: a name below localhost, the AWS's own port."""
    balancers = client(stack, "elbv2").describe_load_balancers()["LoadBalancers"]
    if not balancers:
        raise NotDeployedError("the template's load balancer is not deployed")
    return f"http://{balancers[0]['LoadBalancerName']}.alb.localhost:{stack.aws_port}"


def state_table(stack: layout.Stack) -> str:
    """The name of the control plane's state table."""
    (table,) = [name for name in client(stack, "dynamodb").list_tables()["TableNames"] if "StateTable" in name]
    return str(table)
