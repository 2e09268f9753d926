"""A copy of an RDS instance as it was a few minutes ago, for as long as it is looked at.

RDS makes it from the backups that it has anyway: the instance itself notices nothing.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from local import command_line
from local.errors import LocalStackError

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient

LOOK_SECONDS = 5
LOOKS = 1440
"""Two hours: a restore takes as long as its storage needs to be made."""


class CopyError(LocalStackError):
    """RDS could not make the copy."""


@dataclass(frozen=True)
class Endpoint:
    """Where a database answers."""

    address: str
    port: int


@contextmanager
def restored_copy(rds: RDSClient, instance: str) -> Iterator[Endpoint]:
    """Users and passwords are those of the instance. The copy is deleted when the context ends. Raises `CopyError`."""
    name = name_of_copy(instance)
    began = time.monotonic()
    try:
        original = rds.describe_db_instances(DBInstanceIdentifier=instance)["DBInstances"][0]
        rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier=instance,
            TargetDBInstanceIdentifier=name,
            UseLatestRestorableTime=True,
            **_settings(dict(original)),
        )
    except rds.exceptions.DBInstanceAlreadyExistsFault:
        raise CopyError(
            f"{name} is there already: another check runs, or one was cut off; then delete it:"
            f" aws rds delete-db-instance --db-instance-identifier {name} --skip-final-snapshot"
        ) from None
    except (BotoCoreError, ClientError) as error:
        raise CopyError(f"RDS did not make a copy of {instance}: {error}") from error
    try:
        yield _await_endpoint(rds, instance, name, began)
    finally:
        delete(rds, name)


def name_of_copy(instance: str) -> str:
    """One a time of each instance."""
    return f"farflow-upgrade-check-{hashlib.sha256(instance.encode()).hexdigest()[:8]}"


def _await_endpoint(rds: RDSClient, instance: str, name: str, began: float) -> Endpoint:
    command_line.say("copy", f"of {instance}, being made as {name}: RDS takes minutes")
    try:
        rds.get_waiter("db_instance_available").wait(
            DBInstanceIdentifier=name, WaiterConfig={"Delay": LOOK_SECONDS, "MaxAttempts": LOOKS}
        )
        (copy,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    except (WaiterError, ClientError) as error:
        raise CopyError(f"RDS could not make the copy {name} of {instance}: {error}") from error
    command_line.say("", f"made in {time.monotonic() - began:.0f} s")
    return Endpoint(copy["Endpoint"]["Address"], copy["Endpoint"]["Port"])


def _settings(original: dict[str, Any]) -> dict[str, Any]:
    """As fast as the instance, in the same network; what only costs is left out."""
    return {
        "DBInstanceClass": original["DBInstanceClass"],
        "DBSubnetGroupName": original["DBSubnetGroup"]["DBSubnetGroupName"],
        "VpcSecurityGroupIds": [group["VpcSecurityGroupId"] for group in original["VpcSecurityGroups"]],
        "DBParameterGroupName": original["DBParameterGroups"][0]["DBParameterGroupName"],
        "StorageType": original["StorageType"],
        "MultiAZ": False,
        "PubliclyAccessible": False,
        "DeletionProtection": False,
    }


def delete(rds: RDSClient, name: str) -> None:
    """Raises `CopyError` naming what still costs."""
    try:
        rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True)
    except (BotoCoreError, ClientError) as error:
        raise CopyError(f"the copy {name} could not be deleted, and costs: delete it by hand ({error})") from error
