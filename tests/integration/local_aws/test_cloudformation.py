"""CloudFormation: the resource types and properties that the template needs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from local import layout
from tests.integration.local_aws.conftest import LocalAws

NETWORK = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/24"}},
    "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.0.0/26"}},
    "Group": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "g", "VpcId": {"Ref": "Vpc"}},
    },
}


def deploy(
    aws: LocalAws, name: str, resources: dict[str, Any], outputs: dict[str, Any] | None = None
) -> dict[str, str]:
    """Create the stack, and return its outputs. Fails unless the stack is complete."""
    cloudformation = aws.client("cloudformation")
    template = {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in (outputs or {}).items()}}
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def test_nat_gateway_has_its_elastic_address(local_aws: LocalAws) -> None:
    outputs = deploy(
        local_aws,
        "nat",
        {
            **NETWORK,
            "Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}},
            "Gateway": {
                "Type": "AWS::EC2::NatGateway",
                "Properties": {
                    "SubnetId": {"Ref": "Subnet"},
                    "AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]},
                },
            },
        },
        {"Gateway": {"Ref": "Gateway"}},
    )
    (gateway,) = local_aws.client("ec2").describe_nat_gateways(NatGatewayIds=[outputs["Gateway"]])["NatGateways"]
    assert gateway["State"] == "available"


def test_separate_rule_is_on_its_group_and_leaves_with_its_resource(local_aws: LocalAws) -> None:
    rule = {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": {"Ref": "Group"},
            "IpProtocol": "tcp",
            "FromPort": 5432,
            "ToPort": 5432,
            "CidrIp": "10.9.0.0/26",
        },
    }
    outputs = deploy(local_aws, "rule", {**NETWORK, "Rule": rule}, {"Group": {"Ref": "Group"}})

    def ports() -> list[int]:
        (group,) = local_aws.client("ec2").describe_security_groups(GroupIds=[outputs["Group"]])["SecurityGroups"]
        return [permission["FromPort"] for permission in group["IpPermissions"]]

    assert ports() == [5432]
    cloudformation = local_aws.client("cloudformation")
    template = json.dumps({"Resources": NETWORK, "Outputs": {"Group": {"Value": {"Ref": "Group"}}}})
    cloudformation.update_stack(StackName="rule", TemplateBody=template)
    cloudformation.get_waiter("stack_update_complete").wait(StackName="rule", WaiterConfig={"Delay": 1})
    assert ports() == []


def test_generated_secret_follows_the_rules_asked_for(local_aws: LocalAws) -> None:
    outputs = deploy(
        local_aws,
        "secret",
        {
            "Secret": {
                "Type": "AWS::SecretsManager::Secret",
                "Properties": {"GenerateSecretString": {"PasswordLength": 2000, "ExcludePunctuation": True}},
            }
        },
        {"Arn": {"Fn::GetAtt": ["Secret", "Id"]}},
    )
    secret = local_aws.client("secretsmanager").get_secret_value(SecretId=outputs["Arn"])["SecretString"]
    assert len(secret) == 2000
    assert secret.isalnum()


def test_bucket_is_encrypted_as_its_template_says(local_aws: LocalAws) -> None:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}
    encryption = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": default}]}
    outputs = deploy(
        local_aws,
        "encrypted",
        {
            "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}},
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketEncryption": encryption}},
        },
        {"Bucket": {"Ref": "Bucket"}, "Key": {"Fn::GetAtt": ["Key", "Arn"]}},
    )
    found = local_aws.client("s3").get_bucket_encryption(Bucket=outputs["Bucket"])
    (rule,) = found["ServerSideEncryptionConfiguration"]["Rules"]
    applied = rule["ApplyServerSideEncryptionByDefault"]
    assert (applied["SSEAlgorithm"], applied["KMSMasterKeyID"]) == ("aws:kms", outputs["Key"])


def test_function_keeps_its_network_and_its_mounts(local_aws: LocalAws) -> None:
    mount = {
        "Arn": "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-1",
        "LocalMountPath": "/mnt/dags",
    }
    network = {"SubnetIds": [{"Ref": "Subnet"}], "SecurityGroupIds": [{"Ref": "Group"}]}
    function = {
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": "arn:aws:iam::000000000000:role/any",
        "Code": {"ZipFile": "def handler(event, context): pass"},
        "VpcConfig": network,
        "FileSystemConfigs": [mount],
    }
    outputs = deploy(
        local_aws,
        "networked",
        {**NETWORK, "Function": {"Type": "AWS::Lambda::Function", "Properties": function}},
        {"Function": {"Ref": "Function"}, "Subnet": {"Ref": "Subnet"}},
    )
    found = local_aws.client("lambda").get_function_configuration(FunctionName=outputs["Function"])
    assert found["VpcConfig"]["SubnetIds"] == [outputs["Subnet"]]
    assert found["FileSystemConfigs"] == [mount]


def service_template(name: str, code: str) -> str:
    """A cluster with one service of one task that runs `code`."""
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    pull = {
        "Effect": "Allow",
        "Action": [
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
        ],
        "Resource": "*",
    }
    container = {
        "Name": "main",
        "Image": layout.AIRFLOW_IMAGE,
        "Command": ["python", "-c", code],
        "HealthCheck": {"Command": ["CMD", "python", "-c", ""], "Interval": 5},
    }
    resources = {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                "Policies": [{"PolicyName": "pull", "PolicyDocument": {"Version": "2012-10-17", "Statement": [pull]}}],
            },
        },
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": name}},
        "Definition": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "RequiresCompatibilities": ["FARGATE"],
                "NetworkMode": "awsvpc",
                "Cpu": "256",
                "Memory": "512",
                "ExecutionRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "ContainerDefinitions": [container],
            },
        },
        "Service": {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "ServiceName": "main",
                "Cluster": {"Ref": "Cluster"},
                "TaskDefinition": {"Ref": "Definition"},
                "DesiredCount": 1,
                "LaunchType": "FARGATE",
                "DeploymentConfiguration": {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}},
                "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"]}},
            },
        },
    }
    return json.dumps({"Resources": resources})


SLEEP = "import time; time.sleep(600)"
CRASH = "import time; time.sleep({}); raise SystemExit(1)"


def test_stack_is_made_when_its_service_is_steady(local_aws: LocalAws) -> None:
    cloudformation, ecs = local_aws.client("cloudformation"), local_aws.client("ecs")
    cloudformation.create_stack(
        StackName="steady", TemplateBody=service_template("steady", SLEEP), Capabilities=["CAPABILITY_IAM"]
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName="steady", WaiterConfig={"Delay": 1})
    (service,) = ecs.describe_services(cluster="steady", services=["main"])["services"]
    assert (service["runningCount"], service["deployments"][0]["rolloutState"]) == (1, "COMPLETED")
    (task,) = ecs.list_tasks(cluster="steady", serviceName="main")["taskArns"]
    assert ecs.describe_tasks(cluster="steady", tasks=[task])["tasks"][0]["healthStatus"] == "HEALTHY"


@pytest.mark.parametrize("seconds", [0, 3], ids=["at once", "before its first health check"])
def test_stack_fails_with_its_service_and_goes_back(local_aws: LocalAws, seconds: int) -> None:
    """The old task serves all the while. A crash in the imports comes late, but the health check's first look is later."""
    name = f"back-{seconds}"
    cloudformation, ecs = local_aws.client("cloudformation"), local_aws.client("ecs")
    cloudformation.create_stack(
        StackName=name, TemplateBody=service_template(name, SLEEP), Capabilities=["CAPABILITY_IAM"]
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    before = ecs.list_tasks(cluster=name, serviceName="main")["taskArns"]
    cloudformation.update_stack(
        StackName=name, TemplateBody=service_template(name, CRASH.format(seconds)), Capabilities=["CAPABILITY_IAM"]
    )
    with pytest.raises(WaiterError):
        cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    cloudformation.get_waiter("stack_rollback_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    assert any("ECS Deployment Circuit Breaker was triggered" in reason for reason in reasons), reasons
    (service,) = ecs.describe_services(cluster=name, services=["main"])["services"]
    assert service["runningCount"] == 1
    assert ecs.list_tasks(cluster=name, serviceName="main")["taskArns"] == before

    # What failed once does not fail what comes after it.
    mended = service_template(name, SLEEP.replace("600", "601"))
    cloudformation.update_stack(StackName=name, TemplateBody=mended, Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    assert ecs.list_tasks(cluster=name, serviceName="main")["taskArns"] != before


def test_scalable_target_holds_the_count_in_its_bounds(local_aws: LocalAws) -> None:
    cloudformation, ecs = local_aws.client("cloudformation"), local_aws.client("ecs")
    template = json.loads(service_template("bounded", SLEEP))
    template["Resources"]["Target"] = {
        "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
        "DependsOn": "Service",
        "Properties": {
            "ServiceNamespace": "ecs",
            "ScalableDimension": "ecs:service:DesiredCount",
            "ResourceId": "service/bounded/main",
            "MinCapacity": 2,
            "MaxCapacity": 4,
        },
    }
    cloudformation.create_stack(StackName="bounded", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName="bounded", WaiterConfig={"Delay": 1})
    (service,) = ecs.describe_services(cluster="bounded", services=["main"])["services"]
    assert service["desiredCount"] == 2
