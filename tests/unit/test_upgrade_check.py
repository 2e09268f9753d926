"""Which image an upgrade is tried with, and on which database."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from control_plane.rds_restore import like
from local.restored_copy import Endpoint, name_of_copy
from local.trial_task import trial_container
from local.upgrade_image import deployed_parameters, overrides
from tests.contract import templates

MIGRATION = {
    "name": "migration",
    "image": "airflow:old",
    "command": ["python", "-m", "farflow.migration"],
    "secrets": [
        {"name": "DATABASE_HOST", "valueFrom": "arn:secret:host::"},
        {"name": "DATABASE_PORT", "valueFrom": "arn:secret:port::"},
        {"name": "DATABASE_PASSWORD", "valueFrom": "arn:secret:password::"},
    ],
    "environment": [{"name": "PGSSLMODE", "value": "require"}],
    "logConfiguration": {"logDriver": "awslogs"},
}


def test_trial_knows_the_copy_s_address_and_no_other() -> None:
    """A secret that named the deployment's own database would have the trial migrate that."""
    trial = trial_container(MIGRATION, "airflow:new", Endpoint("copy.rds", 5433))
    assert trial["secrets"] == [{"name": "DATABASE_PASSWORD", "valueFrom": "arn:secret:password::"}]
    assert trial["environment"] == [
        {"name": "PGSSLMODE", "value": "require"},
        {"name": "DATABASE_HOST", "value": "copy.rds"},
        {"name": "DATABASE_PORT", "value": "5433"},
    ]
    assert (trial["image"], trial["command"]) == ("airflow:new", ["python", "-m", "farflow.upgrade_trial"])
    assert {name: trial[name] for name in ("name", "logConfiguration")} == {
        name: MIGRATION[name] for name in ("name", "logConfiguration")
    }


def test_nothing_else_of_the_migration_s_definition_says_where_the_database_is() -> None:
    """Of the database's secret a trial is left the name, the user and the password."""
    definition = templates.stack("airflow_service")["Resources"]["TaskDefinition"]["Properties"]
    (container,) = definition["ContainerDefinitions"]

    def entries(listed: list[Any]) -> list[dict[str, str]]:
        """As DescribeTaskDefinition has them."""
        chosen = [each["Fn::If"][1] if "Fn::If" in each else each for each in listed]
        return [{f"{key[0].lower()}{key[1:]}": str(value) for key, value in each.items()} for each in chosen]

    trial = trial_container(
        {"secrets": entries(container["Secrets"]), "environment": entries(container["Environment"])},
        "airflow:new",
        Endpoint("copy.rds", 5433),
    )
    of_the_database = [each["name"] for each in trial["secrets"] if "DatabaseSecretArn}" in each["valueFrom"]]
    assert sorted(of_the_database) == [
        "DATABASE_NAME",
        "DATABASE_PASSWORD",
        "DATABASE_USERNAME",
        "METRICS_DATABASE_PASSWORD",
    ]
    assert not [each for each in trial["environment"] if "DatabaseSecret" in str(each)]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], {}),
        (["Parallelism=256", "AirflowImage=a/b:3@sha256:c"], {"Parallelism": "256", "AirflowImage": "a/b:3@sha256:c"}),
        ('Parallelism="256" AirflowImage="a/b:3"', {"Parallelism": "256", "AirflowImage": "a/b:3"}),
        (["AirflowImage="], {"AirflowImage": ""}),
    ],
)
def test_parameters_are_those_of_samconfig(given: Any, found: dict[str, str]) -> None:
    """As `sam deploy --guided` writes them, or by hand."""
    assert overrides({"parameter_overrides": given}) == found


def test_what_samconfig_does_not_name_is_as_deployed() -> None:
    stack = {"Parameters": [{"ParameterKey": "CpuArchitecture", "ParameterValue": "ARM64"}, {"ParameterKey": "X"}]}
    assert deployed_parameters(stack) == {"CpuArchitecture": "ARM64", "X": ""}


INSTANCE = {
    "DBInstanceClass": "db.m7g.large",
    "DBSubnetGroup": {"DBSubnetGroupName": "subnets"},
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
    "DBParameterGroups": [{"DBParameterGroupName": "parameters"}],
    "Endpoint": {"Port": 5432},
    "Iops": 12000,
    "StorageThroughput": 500,
}


@pytest.mark.parametrize(
    ("storage", "gib", "speed"),
    [
        ("gp3", 20, {}),
        ("gp3", 400, {"Iops": 12000, "StorageThroughput": 500}),
        ("io1", 100, {"Iops": 12000}),
        ("io2", 100, {"Iops": 12000}),
    ],
)
def test_restored_instance_is_as_fast_where_rds_can_be_told(storage: str, gib: int, speed: dict[str, int]) -> None:
    """RDS refuses io1 and io2 without IOPS, and a small gp3 volume with them."""
    told = like({**INSTANCE, "StorageType": storage, "AllocatedStorage": gib})
    assert {name: told[name] for name in ("Iops", "StorageThroughput") if name in told} == speed


def test_both_restores_are_told_what_their_apis_take() -> None:
    """Checked against the service model."""
    told = like({**INSTANCE, "StorageType": "gp3", "AllocatedStorage": 400})
    model = botocore.session.get_session().get_service_model("rds")
    for operation in ("RestoreDBInstanceToPointInTime", "RestoreDBInstanceFromDBSnapshot"):
        shape = model.operation_model(operation).input_shape
        assert shape is not None
        assert told.keys() <= shape.members.keys()


def test_name_of_a_copy_fits_rds_however_long_the_instance_s_is() -> None:
    """63 characters at most; the same for each check, so that none is forgotten."""
    name = name_of_copy("farflow-prod-data-1abcdefghijkl-database-" + "x" * 20)
    assert len(name) <= 63
    assert name == name_of_copy("farflow-prod-data-1abcdefghijkl-database-" + "x" * 20)
    assert name != name_of_copy("another")
