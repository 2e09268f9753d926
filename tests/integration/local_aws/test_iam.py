"""IAM: requests are decided on the resources and condition keys that AWS decides them on."""

from __future__ import annotations

import io
import itertools
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import layout
from tests import waiting
from tests.integration.local_aws.conftest import LocalAws

ACCOUNT = "000000000000"
NUMBERS = itertools.count()


class Role:
    """A role that the account may assume, with one policy."""

    def __init__(self, aws: LocalAws, *statements: dict[str, Any], service: str = "") -> None:
        self.name = f"role-{next(NUMBERS)}"
        self._aws = aws
        iam = aws.client("iam")
        principal = {"Service": service} if service else {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        self.arn = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        self.allow(*statements)

    def allow(self, *statements: dict[str, Any]) -> None:
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}
        if statements:
            self._aws.client("iam").put_role_policy(
                RoleName=self.name, PolicyName="inline", PolicyDocument=json.dumps(policy)
            )

    def client(self, service: str) -> Any:
        assumed = self._aws.client("sts").assume_role(RoleArn=self.arn, RoleSessionName="test")["Credentials"]
        return self._aws.client(
            service,
            aws_access_key_id=assumed["AccessKeyId"],
            aws_secret_access_key=assumed["SecretAccessKey"],
            aws_session_token=assumed["SessionToken"],
        )


def is_denied(call: Callable[[], Any]) -> bool:
    """Whether IAM refuses the call; any other failure is the caller's to see."""
    try:
        call()
    except ClientError as error:
        if "AccessDenied" in error.response["Error"]["Code"]:
            return True
        raise
    return False


def test_running_a_task_is_decided_by_its_definition_and_cluster(local_aws: LocalAws) -> None:
    ecs = local_aws.client("ecs")
    name = f"iam-{next(NUMBERS)}"
    cluster = ecs.create_cluster(clusterName=name)["cluster"]["clusterArn"]
    ecs.create_cluster(clusterName=f"{name}-other")
    definition = ecs.register_task_definition(
        family=name, containerDefinitions=[{"name": "main", "image": layout.AIRFLOW_IMAGE, "command": ["true"]}]
    )["taskDefinition"]["taskDefinitionArn"]
    run = {
        "Action": "ecs:RunTask",
        "Resource": f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/{name}:*",
        "Condition": {"ArnEquals": {"ecs:cluster": cluster}},
    }
    own = Role(local_aws, run).client("ecs")
    assert not is_denied(lambda: own.run_task(cluster=name, taskDefinition=definition))
    assert is_denied(lambda: own.run_task(cluster=f"{name}-other", taskDefinition=definition))


def test_who_runs_a_task_must_be_allowed_to_pass_its_roles(local_aws: LocalAws) -> None:
    ecs = local_aws.client("ecs")
    name = f"pass-{next(NUMBERS)}"
    ecs.create_cluster(clusterName=name)
    passed = Role(local_aws, service="ecs-tasks.amazonaws.com").arn
    definition = ecs.register_task_definition(
        family=name,
        taskRoleArn=passed,
        containerDefinitions=[{"name": "main", "image": "none", "command": ["true"]}],
    )["taskDefinition"]["taskDefinitionArn"]
    run = {"Action": "ecs:RunTask", "Resource": f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/{name}:*"}
    hand_over = {
        "Action": "iam:PassRole",
        "Resource": passed,
        "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
    }
    without, with_it = Role(local_aws, run).client("ecs"), Role(local_aws, run, hand_over).client("ecs")
    assert is_denied(lambda: without.run_task(cluster=name, taskDefinition=definition))
    assert not is_denied(lambda: with_it.run_task(cluster=name, taskDefinition=definition))


def test_a_task_is_seen_by_who_may_see_tasks_of_its_cluster(local_aws: LocalAws) -> None:
    local_aws.client("ecs").create_cluster(clusterName="seen")
    role = Role(
        local_aws, {"Action": "ecs:DescribeTasks", "Resource": f"arn:aws:ecs:us-east-1:{ACCOUNT}:task/seen/*"}
    ).client("ecs")
    assert not is_denied(lambda: role.describe_tasks(cluster="seen", tasks=["0123456789abcdef"]))
    assert is_denied(lambda: role.describe_tasks(cluster="unseen", tasks=["0123456789abcdef"]))
    other = f"arn:aws:ecs:us-east-1:{ACCOUNT}:task/unseen/0123456789abcdef"
    assert is_denied(lambda: role.describe_tasks(cluster="seen", tasks=["0123456789abcdef", other])), (
        "each is asked for"
    )


def test_log_stream_is_written_by_who_may_write_to_its_group(local_aws: LocalAws) -> None:
    logs = local_aws.client("logs")
    logs.create_log_group(logGroupName="/iam/own")
    (group,) = logs.describe_log_groups(logGroupNamePrefix="/iam/own")["logGroups"]
    write = {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": group["arn"]}
    role = Role(local_aws, write).client("logs")
    assert not is_denied(lambda: role.create_log_stream(logGroupName="/iam/own", logStreamName="stream"))
    event = {"timestamp": int(time.time() * 1000), "message": "hello"}
    assert not is_denied(
        lambda: role.put_log_events(logGroupName="/iam/own", logStreamName="stream", logEvents=[event])
    )
    logs.create_log_group(logGroupName="/iam/other")
    assert is_denied(lambda: role.create_log_stream(logGroupName="/iam/other", logStreamName="stream"))


def test_key_is_used_with_the_encryption_context_allowed(local_aws: LocalAws) -> None:
    key = local_aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    use = {
        "Action": "kms:GenerateDataKey",
        "Resource": key,
        "Condition": {"StringEquals": {"kms:EncryptionContext:dag_id": "mine"}},
    }
    kms = Role(local_aws, use).client("kms")

    def generate(dag_id: str) -> Callable[[], Any]:
        return lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"dag_id": dag_id})

    assert not is_denied(generate("mine"))
    assert is_denied(generate("another"))


def test_metrics_are_put_into_the_namespace_allowed(local_aws: LocalAws) -> None:
    put = {
        "Action": "cloudwatch:PutMetricData",
        "Resource": "*",
        "Condition": {"StringEquals": {"cloudwatch:namespace": "Farflow"}},
    }
    cloudwatch = Role(local_aws, put).client("cloudwatch")

    def write(namespace: str) -> Callable[[], Any]:
        return lambda: cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m", "Value": 1}])

    assert not is_denied(write("Farflow"))
    assert is_denied(write("Another"))


def test_object_of_an_encrypted_bucket_needs_its_key(local_aws: LocalAws) -> None:
    key = local_aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3 = local_aws.client("s3")
    bucket = f"encrypted-{next(NUMBERS)}"
    s3.create_bucket(Bucket=bucket)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=bucket, Key="object", Body=b"x")
    read = {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{bucket}/*"}
    decrypt = {"Action": "kms:Decrypt", "Resource": key}
    without, reader = Role(local_aws, read).client("s3"), Role(local_aws, read, decrypt).client("s3")
    assert is_denied(lambda: without.get_object(Bucket=bucket, Key="object"))
    assert without.head_object(Bucket=bucket, Key="object"), "nothing is decrypted"
    assert not is_denied(lambda: reader.get_object(Bucket=bucket, Key="object"))
    assert is_denied(lambda: reader.put_object(Bucket=bucket, Key="object", Body=b"y")), "writing takes GenerateDataKey"


def test_who_may_not_list_is_not_told_that_a_key_is_missing(local_aws: LocalAws) -> None:
    bucket = f"listed-{next(NUMBERS)}"
    local_aws.client("s3").create_bucket(Bucket=bucket)
    read = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    find = {"Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}
    for role, code in ((Role(local_aws, read), "403"), (Role(local_aws, read, find), "404")):
        with pytest.raises(ClientError, match=code):
            role.client("s3").head_object(Bucket=bucket, Key="no such/key")


def test_every_decision_about_a_role_is_recorded(with_additions: LocalAws) -> None:
    """Each once: the action, the resource, and whether it was allowed."""
    role = Role(with_additions, {"Action": "sqs:ListQueues", "Resource": "*"})
    role.client("sqs").list_queues()
    role.client("sqs").list_queues()
    with pytest.raises(ClientError, match="AccessDenied"):
        role.client("s3").list_objects_v2(Bucket="nobody-s")
    lines = (with_additions.folder / layout.IAM_DECISIONS).read_text().splitlines()
    recorded = [line for line in map(json.loads, lines) if line["role"] == role.name]
    assert [(line["action"], line["allowed"]) for line in recorded] == [
        ("sqs:ListQueues", True),
        ("s3:ListBucket", False),
    ]
    assert recorded[1]["resource"] == "arn:aws:s3:::nobody-s"


TICK_SECONDS = 10
"""So seldom the emulator looks which schedules are due."""


def test_schedule_calls_as_its_role(with_additions: LocalAws) -> None:
    """Without the right nothing is called, and the record says why."""
    sqs = with_additions.client("sqs")
    url = sqs.create_queue(QueueName=f"scheduled-{next(NUMBERS)}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    role = Role(with_additions, service="scheduler.amazonaws.com")
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 2))
    with_additions.client("scheduler").create_schedule(
        Name=role.name,
        ScheduleExpression=f"at({moment})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": role.arn, "Input": "{}"},
    )

    def decisions() -> list[str]:
        lines = (with_additions.folder / layout.IAM_DECISIONS).read_text().splitlines()
        return [line for line in lines if role.name in line and '"sqs:SendMessage"' in line]

    denied = waiting.eventually(decisions, 2 * TICK_SECONDS, "the schedule is due", pause_seconds=0.2)
    assert json.loads(denied[0])["allowed"] is False
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_layer_version_is_fetched_by_who_may_have_it(local_aws: LocalAws) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as layer:
        layer.writestr("file", "")
    name = f"layer-{next(NUMBERS)}"
    arn = local_aws.client("lambda").publish_layer_version(LayerName=name, Content={"ZipFile": archive.getvalue()})[
        "LayerVersionArn"
    ]
    allowed = {"Action": "lambda:GetLayerVersion", "Resource": f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:{name}:*"}
    own, none = Role(local_aws, allowed).client("lambda"), Role(local_aws).client("lambda")
    assert not is_denied(lambda: own.get_layer_version_by_arn(Arn=arn))
    assert is_denied(lambda: none.get_layer_version_by_arn(Arn=arn))


def test_builds_are_seen_by_who_may_see_their_project_s(local_aws: LocalAws) -> None:
    project = f"arn:aws:codebuild:us-east-1:{ACCOUNT}:project/seen"
    role = Role(local_aws, {"Action": "codebuild:BatchGetBuilds", "Resource": project}).client("codebuild")
    assert not is_denied(lambda: role.batch_get_builds(ids=["seen:1", "seen:2"]))
    assert is_denied(lambda: role.batch_get_builds(ids=["other:1"]))


def test_item_of_a_table_is_decided_by_its_partition_key(local_aws: LocalAws) -> None:
    """Each of those that a request names."""
    table = f"leading-{next(NUMBERS)}"
    local_aws.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    role = Role(
        local_aws,
        {
            "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:BatchGetItem"],
            "Resource": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{table}",
            "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["worker#*"]}},
        },
    ).client("dynamodb")
    own, other = {"id": {"S": "worker#1"}}, {"id": {"S": "lease#1"}}

    def batch(*keys: dict[str, Any]) -> Callable[[], Any]:
        return lambda: role.batch_get_item(RequestItems={table: {"Keys": list(keys)}})

    assert not is_denied(lambda: role.put_item(TableName=table, Item=own))
    assert is_denied(lambda: role.put_item(TableName=table, Item=other))
    assert not is_denied(lambda: role.get_item(TableName=table, Key=own))
    assert is_denied(lambda: role.get_item(TableName=table, Key=other))
    assert not is_denied(batch(own))
    assert is_denied(batch(own, other))


def test_several_messages_are_deleted_by_who_may_delete_one(local_aws: LocalAws) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html."""
    name = f"iam-{next(NUMBERS)}"
    url = local_aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    delete = {"Action": "sqs:DeleteMessage", "Resource": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"}
    sqs = Role(local_aws, delete).client("sqs")
    entries = [{"Id": "1", "ReceiptHandle": "of-nothing"}]
    assert not is_denied(lambda: sqs.delete_message_batch(QueueUrl=url, Entries=entries))


def test_snapshot_is_decided_by_its_instance_and_by_itself(local_aws: LocalAws) -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html."""
    name = f"iam-{next(NUMBERS)}"
    local_aws.client("rds").create_db_instance(
        DBInstanceIdentifier=name, Engine="postgres", DBInstanceClass="db.t4g.small", MasterUsername="airflow"
    )
    prefix = f"arn:aws:rds:us-east-1:{ACCOUNT}"
    create = {"Action": "rds:CreateDBSnapshot", "Resource": [f"{prefix}:db:{name}", f"{prefix}:snapshot:{name}-*"]}
    rds = Role(local_aws, create).client("rds")
    assert is_denied(lambda: rds.create_db_snapshot(DBSnapshotIdentifier="other", DBInstanceIdentifier=name))
    assert not is_denied(lambda: rds.create_db_snapshot(DBSnapshotIdentifier=f"{name}-1", DBInstanceIdentifier=name))
