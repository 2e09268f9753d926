"""The copy that an upgrade is tried on: whatever becomes of the command, it does not stay unnoticed. RDS is moto's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws

from local.restored_copy import CopyError, name_of_copy, restored_copy

INSTANCE = "airflow"
COPY = name_of_copy(INSTANCE)


@pytest.fixture
def rds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        ec2, rds = boto3.client("ec2"), boto3.client("rds")
        subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
        rds.create_db_subnet_group(DBSubnetGroupName="private", DBSubnetGroupDescription="", SubnetIds=subnets)
        rds.create_db_instance(
            DBInstanceIdentifier=INSTANCE,
            Engine="postgres",
            DBInstanceClass="db.m7g.large",
            MasterUsername="airflow",
            MasterUserPassword="password",
            AllocatedStorage=20,
            StorageType="gp3",
            DBSubnetGroupName="private",
        )
        yield rds


def instances(rds: Any) -> list[str]:
    return sorted(each["DBInstanceIdentifier"] for each in rds.describe_db_instances()["DBInstances"])


def test_copy_is_there_while_it_is_looked_at_and_no_longer(rds: Any) -> None:
    with restored_copy(rds, INSTANCE) as endpoint:
        assert instances(rds) == [INSTANCE, COPY]
        assert COPY in endpoint.address
    assert instances(rds) == [INSTANCE]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_copy_is_deleted_when_what_looks_at_it_is_cut_off(rds: Any, error: type[BaseException]) -> None:
    with pytest.raises(error), restored_copy(rds, INSTANCE):
        raise error
    assert instances(rds) == [INSTANCE]


@pytest.mark.parametrize(
    ("lost", "told"),
    [(ReadTimeoutError(endpoint_url="https://rds"), CopyError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_copy_whose_making_nobody_heard_of_is_deleted(
    rds: Any, monkeypatch: pytest.MonkeyPatch, lost: BaseException, told: type[BaseException]
) -> None:
    """RDS has begun it when its answer is lost."""
    make = rds.restore_db_instance_to_point_in_time

    def lose_answer(**given: Any) -> None:
        make(**given)
        raise lost

    monkeypatch.setattr(rds, "restore_db_instance_to_point_in_time", lose_answer)
    with pytest.raises(told), restored_copy(rds, INSTANCE):
        pass
    assert instances(rds) == [INSTANCE]


def test_copy_of_another_check_stays(rds: Any) -> None:
    with restored_copy(rds, INSTANCE):
        with pytest.raises(CopyError, match="is there already: another check runs"), restored_copy(rds, INSTANCE):
            pass
        assert instances(rds) == [INSTANCE, COPY]


def test_copy_that_cannot_be_deleted_is_named(rds: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://rds")

    monkeypatch.setattr(rds, "delete_db_instance", refuse)
    with pytest.raises(CopyError, match=f"the copy {COPY} may be left, and costs"), restored_copy(rds, INSTANCE):
        pass
