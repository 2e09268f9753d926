"""Roles = what the code calls: an action that is not granted, or granted and never called, fails here."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from local import layout
from tests.contract import permissions, templates

METHODS = {
    # boto3 method or paginator -> what IAM calls it, where the names differ or more is needed
    ("s3", "list_objects_v2"): {"s3:ListBucket"},
    # The bucket is encrypted under the key; and of what is not there S3 says so only to who may list.
    ("s3", "get_object"): {"s3:GetObject", "s3:ListBucket", "kms:Decrypt"},
    ("s3", "head_object"): {"s3:GetObject"},
    ("s3", "put_object"): {"s3:PutObject", "kms:GenerateDataKey"},
    ("s3", "list_object_versions"): {"s3:ListBucketVersions"},
    ("s3", "delete_objects"): {"s3:DeleteObjectVersion"},  # each with its version
    ("ecs", "run_task"): {"ecs:RunTask", "iam:PassRole"},
    ("ecs", "describe_tasks"): {"ecs:DescribeTasks"},
    ("ecs", "describe_services"): {"ecs:DescribeServices"},
    ("ecs", "describe_task_definition"): {"ecs:DescribeTaskDefinition"},
    ("ecs", "list_tasks"): {"ecs:ListTasks"},
    ("ecs", "stop_task"): {"ecs:StopTask"},
    ("ecs", "list_services"): {"ecs:ListServices"},
    ("ecs", "update_service"): {"ecs:UpdateService", "iam:PassRole"},  # the roles of a new revision
    ("cloudwatch", "put_metric_data"): {"cloudwatch:PutMetricData"},
    ("codebuild", "start_build"): {"codebuild:StartBuild"},
    ("codebuild", "batch_get_builds"): {"codebuild:BatchGetBuilds"},
    ("codebuild", "list_builds_for_project"): {"codebuild:ListBuildsForProject"},
    ("ecr", "describe_images"): {"ecr:DescribeImages"},
    ("lambda", "get_layer_version_by_arn"): {"lambda:GetLayerVersion"},
    ("lambda", "invoke"): {"lambda:InvokeFunction"},
    ("logs", "get_log_events"): {"logs:GetLogEvents"},
    # The state table and the secrets are encrypted under the key.
    ("dynamodb", "put_item"): {"dynamodb:PutItem", "kms:Decrypt"},
    ("dynamodb", "update_item"): {"dynamodb:UpdateItem", "kms:Decrypt"},
    ("secretsmanager", "get_secret_value"): {"secretsmanager:GetSecretValue", "kms:Decrypt"},
    ("dynamodb", "get_item"): {"dynamodb:GetItem", "kms:Decrypt"},
    ("dynamodb", "batch_get_item"): {"dynamodb:BatchGetItem", "kms:Decrypt"},
    ("dynamodb", "scan"): {"dynamodb:Scan", "kms:Decrypt"},
    ("sqs", "send_message"): {"sqs:SendMessage"},
    ("sqs", "get_queue_attributes"): {"sqs:GetQueueAttributes"},
    ("sqs", "change_message_visibility"): {"sqs:ChangeMessageVisibility"},
    ("sqs", "receive_message"): {"sqs:ReceiveMessage"},
    ("sqs", "delete_message_batch"): {"sqs:DeleteMessage"},
    ("kms", "sign"): {"kms:Sign"},
    ("sns", "publish"): {"sns:Publish", "kms:GenerateDataKey", "kms:Decrypt"},  # the topic is encrypted under the key
    ("stepfunctions", "start_execution"): {"states:StartExecution"},
    ("stepfunctions", "describe_execution"): {"states:DescribeExecution"},
    ("rds", "describe_db_instances"): {"rds:DescribeDBInstances"},
    ("rds", "describe_db_snapshots"): {"rds:DescribeDBSnapshots"},
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html
    ("rds", "create_db_snapshot"): {
        "rds:CreateDBSnapshot",
        "rds:AddTagsToResource",
        "kms:CreateGrant",
        "kms:DescribeKey",
    },
    ("rds", "delete_db_snapshot"): {"rds:DeleteDBSnapshot"},
    ("rds", "modify_db_instance"): {"rds:ModifyDBInstance"},
    ("rds", "restore_db_instance_from_db_snapshot"): {
        "rds:RestoreDBInstanceFromDBSnapshot",
        "rds:AddTagsToResource",
        "kms:CreateGrant",
        "kms:DescribeKey",
    },
}
COMMANDS = {
    # command of the image's build -> what IAM calls it
    "aws lambda get-layer-version-by-arn": {"lambda:GetLayerVersion"},
    "aws ecr get-login-password": {"ecr:GetAuthorizationToken"},
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
    "docker push": {
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    },
}
BUILD_LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
SERVICES = {
    "s3",
    "ecs",
    "sqs",
    "dynamodb",
    "secretsmanager",
    "cloudwatch",
    "sns",
    "kms",
    "rds",
    "stepfunctions",
    "codebuild",
    "ecr",
    "lambda",
    "logs",
}

# What Lambda does in the function's name, by the property that asks for it.
ALWAYS = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}
MOUNTS = {"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"}
INTERFACES = {
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}
QUEUE = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}

NO_RESOURCE = {
    *("ecr:GetAuthorizationToken", "ecs:DescribeTaskDefinition", "xray:PutTraceSegments", "xray:PutTelemetryRecords"),
    *("rds:DescribeDBInstances", "rds:DescribeDBSnapshots", "xray:GetSamplingRules", "xray:GetSamplingTargets"),
    *INTERFACES,
}
"""Actions that AWS lets nobody narrow to a resource."""
NARROWED_BY_CONDITION = {
    "cloudwatch:PutMetricData": {"StringEquals": {"cloudwatch:namespace": {"Fn::Sub": "Farflow/${Name}"}}},
    "ecs:ListTasks": {"ArnEquals": {"ecs:cluster": {"Ref": "ClusterArn"}}},
}
OF_CLUSTER = {"ArnEquals": {"ecs:cluster": {"Fn::GetAtt": ["Cluster", "Arn"]}}}
"""The same in the template that makes the cluster."""
"""Actions without a resource (of ListTasks it would be a container instance), and what says where all the same."""


def sources(folder: Path) -> list[Path]:
    """A function's files, and those of the layer that they import, or that these import."""
    found = sorted(folder.glob("*.py"))
    for path in found:
        for name in re.findall(r"from control_plane\.([\w.]+) import", path.read_text()):
            imported = layout.ROOT / "layers" / "control_plane" / "control_plane" / f"{name.replace('.', '/')}.py"
            if imported not in found:
                found.append(imported)  # and is looked at in its turn
    return found


def boto3_calls(folder: Path) -> set[tuple[str, str]]:
    """(service, method) of each call of a function on a variable or attribute named after its service."""
    calls = set()
    for path in sources(folder):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            owner = node.func.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            service = name.strip("_")
            if service not in SERVICES:
                continue
            if node.func.attr == "get_paginator":
                assert isinstance(node.args[0], ast.Constant), f"{path}: name the paginator's operation in place"
                calls.add((service, str(node.args[0].value)))
            else:
                calls.add((service, node.func.attr))
    return calls


def reads_versions(folder: Path) -> bool:
    """Whether a former version of an object is asked for: another right than the newest one's."""
    return any('"VersionId"' in path.read_text() for path in folder.glob("*.py"))


def granted(folder: str) -> set[str]:
    """What the function's role may do, by every policy of the templates."""
    role = templates.functions()[folder]["Role"]["Fn::GetAtt"][0]
    statements = templates.statements(templates.function_role(role)["Policies"])
    if folder == "metadata_migrator":
        policy = templates.stack("airflow")["Resources"]["MetadataMigratorPolicy"]["Properties"]
        assert policy["Roles"] == [{"Ref": "MetadataMigratorRoleName"}]
        statements += policy["PolicyDocument"]["Statement"]
    if folder == "image_builder":
        policy = templates.stack("image")["Resources"]["ImageBuilderContinues"]["Properties"]
        assert policy["Roles"] == [{"Ref": "ImageBuilderRole"}]
        statements += policy["PolicyDocument"]["Statement"]
    return set().union(*(templates.actions(statement) for statement in statements))


@pytest.mark.parametrize("folder", sorted(templates.functions()))
def test_role_may_do_what_the_function_needs_and_no_more(folder: str) -> None:
    calls = boto3_calls(layout.ROOT / "functions" / folder)
    assert calls, "a function that calls nothing: is the walk still right?"
    function = templates.functions()[folder]
    needed = ALWAYS.union(*(METHODS[call] for call in calls))
    if "FileSystemConfigs" in function:
        needed |= MOUNTS
    if "VpcConfig" in function:
        needed |= INTERFACES
    if reads_versions(layout.ROOT / "functions" / folder):
        needed.add("s3:GetObjectVersion")
    if any(event["Type"] == "SQS" for event in function.get("Events", {}).values()):
        needed |= QUEUE
    assert granted(folder) == needed


def test_build_may_do_what_its_commands_call_and_no_more() -> None:
    resources = templates.stack("image")["Resources"]
    commands = [
        command
        for phase in yaml.safe_load(resources["Project"]["Properties"]["Source"]["BuildSpec"])["phases"].values()
        for command in phase["commands"]
    ]
    called = {known for known in COMMANDS if any(known in command for command in commands)}
    assert called == set(COMMANDS)
    role = resources["ProjectRole"]["Properties"]
    allowed = set().union(*(templates.actions(statement) for statement in templates.statements(role["Policies"])))
    assert allowed == BUILD_LOG.union(*(COMMANDS[command] for command in called))
    aws_calls = {match for command in commands for match in re.findall(r"\baws [a-z-]+ [a-z-]+", command)}
    assert aws_calls <= called, "a command of the build that the table does not know"


def every_statement() -> list[tuple[str, dict[str, object]]]:
    found = []
    for name in templates.STACKS:
        for logical_id, resource in templates.stack(name)["Resources"].items():
            properties = resource.get("Properties", {})
            policies = properties.get("Policies", [])
            if resource["Type"] == "AWS::IAM::Policy":
                policies = [properties]
            found += [(f"{name}.{logical_id}", statement) for statement in templates.statements(policies)]
    return found


@pytest.mark.parametrize(
    ("role", "statement"), every_statement(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_no_role_has_a_wildcard(role: str, statement: dict[str, object]) -> None:
    """Each action is named; each resource is, but for those actions that have none."""
    assert not any("*" in action for action in templates.actions(statement))
    if statement["Resource"] in ("*", ["*"]):
        (*_, action) = templates.actions(statement)
        narrowed = (NARROWED_BY_CONDITION.get(action), OF_CLUSTER if action.startswith("ecs:List") else None)
        assert templates.actions(statement) <= NO_RESOURCE or statement["Condition"] in narrowed
    elif statement["Sid"] != "PullImage":  # an image of one's own may be in any registry of any account
        for pattern in re.findall(r"arn:[^'\"]*", str(statement["Resource"])):
            *_, service, region, account, resource = re.sub(r"\$\{[^}]*\}", "x", pattern).split(":", 5)
            if service == "rds":  # it has `snapshot:name` where others have `snapshot/name`
                resource = resource.replace(":", "/", 1)
            assert "*" not in region + account + resource.partition("/")[0].removesuffix(":*"), pattern


def test_workers_hold_no_key_that_signs_or_decrypts() -> None:
    """They run users' code: connections and tokens come from the Execution API, task by task."""
    (definition,) = templates.stack("airflow_service")["Resources"]["TaskDefinition"]["Properties"][
        "ContainerDefinitions"
    ]
    guarded = {
        entry["Fn::If"][1]["Name"]
        for entry in definition["Secrets"]
        if "Fn::If" in entry and entry["Fn::If"][0] == "HoldsSecrets"
    }
    assert guarded == {"FERNET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY"}


def test_list_of_permissions_is_in_step() -> None:
    """Else: `python -m tests.contract.permissions`."""
    assert permissions.PAGE.read_text() == permissions.page()
