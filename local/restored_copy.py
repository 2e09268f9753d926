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
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from control_plane.rds_restore import like
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
    _await_end_of_another(rds, name)
    _begin(rds, instance, name)
    try:
        command_line.say("copy", f"of {instance}, being made as {name}: RDS takes minutes")
        endpoint = _await_available(rds, name)
        command_line.say("", f"made in {time.monotonic() - began:.0f} s")
        yield endpoint
    finally:
        delete(rds, name)


def name_of_copy(instance: str) -> str:
    """One a time of each instance."""
    return f"farflow-upgrade-check-{hashlib.sha256(instance.encode()).hexdigest()[:8]}"


def _await_end_of_another(rds: RDSClient, name: str) -> None:
    """Of one that is just being deleted: RDS takes minutes for that too."""
    try:
        (known,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        if known["DBInstanceStatus"] == "deleting":
            command_line.say("copy", f"the one before, {name}, is being deleted yet")
            rds.get_waiter("db_instance_deleted").wait(
                DBInstanceIdentifier=name, WaiterConfig={"Delay": LOOK_SECONDS, "MaxAttempts": LOOKS}
            )
    except rds.exceptions.DBInstanceNotFoundFault:
        return
    except (BotoCoreError, ClientError) as error:
        raise CopyError(f"RDS does not say whether there is a copy already: {error}") from error


def _begin(rds: RDSClient, instance: str, name: str) -> None:
    try:
        (original,) = rds.describe_db_instances(DBInstanceIdentifier=instance)["DBInstances"]
        rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier=instance,
            TargetDBInstanceIdentifier=name,
            UseLatestRestorableTime=True,
            MultiAZ=False,
            DeletionProtection=False,
            **like(original),
        )
    except rds.exceptions.DBInstanceAlreadyExistsFault:
        raise CopyError(
            f"{name} is there already: another check runs, or one was cut off; then delete it:"
            f" aws rds delete-db-instance --db-instance-identifier {name} --skip-final-snapshot"
        ) from None
    except ClientError as error:
        raise CopyError(f"RDS makes no copy of {instance}: {error}") from error
    except BotoCoreError as error:  # it may have been begun all the same
        delete(rds, name)
        raise CopyError(f"RDS did not answer, and makes no copy of {instance}: {error}") from error
    except KeyboardInterrupt:
        delete(rds, name)
        raise


def _await_available(rds: RDSClient, name: str) -> Endpoint:
    try:
        rds.get_waiter("db_instance_available").wait(
            DBInstanceIdentifier=name, WaiterConfig={"Delay": LOOK_SECONDS, "MaxAttempts": LOOKS}
        )
        (copy,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    except (BotoCoreError, ClientError) as error:
        raise CopyError(f"RDS could not make the copy {name}: {error}") from error
    return Endpoint(copy["Endpoint"]["Address"], copy["Endpoint"]["Port"])


def delete(rds: RDSClient, name: str) -> None:
    """Raises `CopyError` naming what still costs."""
    try:
        rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True)
    except rds.exceptions.DBInstanceNotFoundFault:
        return
    except (BotoCoreError, ClientError, KeyboardInterrupt) as error:
        raise CopyError(f"the copy {name} may be left, and costs: delete it by hand ({error!r})") from error
