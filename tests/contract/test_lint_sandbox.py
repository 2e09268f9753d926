"""What the function that imports pushed code may do and reach: nothing but its log."""

from typing import Any

from tests.contract import templates
from tests.contract.test_permissions import BUILD_LOG, INTERFACES


def properties(logical_id: str, stack: str = "push_gate") -> dict[str, Any]:
    return dict(templates.stack(stack)["Resources"][logical_id]["Properties"])


def statements(effect: str) -> list[dict[str, Any]]:
    found = templates.statements(properties("LintSandboxRole")["Policies"])
    return [statement for statement in found if statement["Effect"] == effect]


def test_its_code_may_write_a_log_and_nothing_else() -> None:
    """What Lambda needs to put it into a subnet is denied to the code in it."""
    role = properties("LintSandboxRole")
    assert "ManagedPolicyArns" not in role
    assert set().union(*(templates.actions(statement) for statement in statements("Allow"))) == BUILD_LOG | INTERFACES
    (denied,) = statements("Deny")
    assert templates.actions(denied) == INTERFACES
    own = f"function:{properties('LintSandbox')['FunctionName']['Fn::Sub']}"
    assert denied["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]["Fn::Sub"].endswith(own)


def test_it_has_no_way_out() -> None:
    """Without a rule, a security group would let everything out."""
    assert properties("LintSandbox")["VpcConfig"] == {
        "SubnetIds": {"Ref": "PrivateSubnetIds"},
        "SecurityGroupIds": [{"Ref": "LintSandboxSecurityGroupId"}],
    }
    group = properties("LintSandboxSecurityGroup", "network")
    assert [rule["CidrIp"] for rule in group["SecurityGroupEgress"]] == ["127.0.0.1/32"]
    assert "SecurityGroupIngress" not in group
    push_gate = templates.root()["Resources"]["PushGate"]["Properties"]["Parameters"]
    assert push_gate["LintSandboxSecurityGroupId"] == {"Fn::GetAtt": ["Network", "Outputs.LintSandboxSecurityGroupId"]}


def test_each_folder_has_environments_of_its_own() -> None:
    assert properties("LintSandbox")["TenancyConfig"] == {"TenantIsolationMode": "PER_TENANT"}


def test_it_is_given_no_secret_no_file_system_and_the_smallest_disk() -> None:
    """It is told the name of its own image, which the gate compares with the one that it was told itself."""
    image = {"Ref": "AirflowImage"}
    assert properties("LintSandbox")["Environment"] == {"Variables": {"AIRFLOW_IMAGE": image}}
    assert properties("LintSandbox")["Code"] == {"ImageUri": image}
    assert properties("PushGate")["Environment"]["Variables"]["LINT_SANDBOX_IMAGE"] == image
    assert not {"FileSystemConfigs", "EphemeralStorage"} & set(properties("LintSandbox"))
