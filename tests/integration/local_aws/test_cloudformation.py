"""CloudFormation: the resource types and properties that the template needs."""

from __future__ import annotations

import json
from typing import Any

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
