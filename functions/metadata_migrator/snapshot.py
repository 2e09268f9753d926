"""Snapshots of the metadata database, and the way back to one. Errors are botocore's.

A restore makes a new instance: RDS puts no snapshot into one that is there. So that neither the endpoint nor the secret nor
what CloudFormation knows of it changes, the two then exchange their names. The former instance stays, under another one.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from control_plane.custom_resource import ResourceError
from control_plane.observability import logger
from control_plane.rds_restore import like

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient

KEPT = 3
"""Snapshots of this kind; older ones are deleted when an upgrade has succeeded."""
PREFIX = "farflow-before-migration"
BROKEN = ("failed", "incompatible-network", "incompatible-parameters", "incompatible-restore", "storage-full")
"""States out of which an instance does not come by itself.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html#Overview.DBInstance.Status
"""


class Database:
    """One RDS instance. Each method takes the next step, if one is due, and says whether all of it is done."""

    def __init__(self, rds: RDSClient, instance: str) -> None:
        self._rds = rds
        self._instance = instance

    def take(self, snapshot: str) -> bool:
        """Of the instance as it is. Raises `ResourceError` when RDS could not take it."""
        try:
            found = self._rds.describe_db_snapshots(DBSnapshotIdentifier=snapshot)["DBSnapshots"][0]
        except self._rds.exceptions.DBSnapshotNotFoundFault:
            self._create(snapshot)
            return False
        if found["Status"] in ("failed", "incompatible-restore"):
            raise ResourceError(f"RDS could not take the snapshot {snapshot} of {self._instance}")
        return found["Status"] == "available"

    def _create(self, snapshot: str) -> None:
        """Not while RDS makes its own backup, or changes the instance: then it is asked again."""
        try:
            self._rds.create_db_snapshot(DBSnapshotIdentifier=snapshot, DBInstanceIdentifier=self._instance)
        except self._rds.exceptions.InvalidDBInstanceStateFault:
            logger.info("the instance is not available for a snapshot", extra={"instance": self._instance})
        except self._rds.exceptions.SnapshotQuotaExceededFault as error:
            raise ResourceError(f"RDS takes no more snapshots in this account: {error}") from error

    def restore(self, snapshot: str) -> bool:
        """Until the instance is one made from the snapshot. Raises `ResourceError` when RDS cannot make it."""
        token = snapshot.rpartition("-")[2]
        restored, former = f"farflow-restored-{token}", f"farflow-replaced-{token}"
        states = {name: self._describe(name) for name in (self._instance, restored, former)}
        statuses = {name: state["DBInstanceStatus"] for name, state in states.items() if state is not None}
        if broken := [f"{name} is {status}" for name, status in statuses.items() if status in BROKEN]:
            raise ResourceError(f"the snapshot {snapshot} could not be restored: {', '.join(broken)}")
        if any(status != "available" for status in statuses.values()):
            return False
        present = states[self._instance]
        if states[former] is None and states[restored] is None and present is not None:
            self._rds.restore_db_instance_from_db_snapshot(
                DBSnapshotIdentifier=snapshot, DBInstanceIdentifier=restored, **_settings(present)
            )
            return False
        if states[former] is None and present is not None:
            self._rename(self._instance, former)
            return False
        if present is None and states[restored] is not None:
            # A restore does not take it: it is set with the name.
            limit = (states[former] or {}).get("MaxAllocatedStorage")
            self._rename(restored, self._instance, **({"MaxAllocatedStorage": limit} if limit else {}))
            return False
        return present is not None and states[restored] is None

    def has_exchanged(self, snapshot: str) -> bool:
        """End an exchange of names that was left between the two, when no instance has the database's. Begins none.

        What has its name is left alone: somebody may have brought it back by hand since, and have worked on it.
        """
        present = self._describe(self._instance)
        if present is None:
            return self.restore(snapshot)
        return bool(present["DBInstanceStatus"] == "available")

    def drop_old(self) -> list[str]:
        """Delete the older ones of those that were taken here, and say which."""
        pages = self._rds.get_paginator("describe_db_snapshots").paginate(
            DBInstanceIdentifier=self._instance, SnapshotType="manual"
        )
        ours = [
            (snapshot["SnapshotCreateTime"], snapshot["DBSnapshotIdentifier"])
            for page in pages
            for snapshot in page["DBSnapshots"]
            if snapshot["DBSnapshotIdentifier"].startswith(PREFIX) and snapshot["Status"] == "available"
        ]
        old = [identifier for _, identifier in sorted(ours)[:-KEPT]]
        for identifier in old:
            self._rds.delete_db_snapshot(DBSnapshotIdentifier=identifier)
        return old

    def _describe(self, name: str) -> dict[str, Any] | None:
        try:
            return dict(self._rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0])
        except self._rds.exceptions.DBInstanceNotFoundFault:
            return None

    def _rename(self, name: str, to: str, **more: Any) -> None:
        self._rds.modify_db_instance(
            DBInstanceIdentifier=name, NewDBInstanceIdentifier=to, ApplyImmediately=True, **more
        )


def _settings(present: dict[str, Any]) -> dict[str, Any]:
    """Of the instance as it is: the restored one takes its place."""
    return {
        **like(present),
        "MultiAZ": present["MultiAZ"],
        "DeletionProtection": present["DeletionProtection"],
        "AutoMinorVersionUpgrade": present["AutoMinorVersionUpgrade"],
        "CopyTagsToSnapshot": present["CopyTagsToSnapshot"],
        "EnableCloudwatchLogsExports": present.get("EnabledCloudwatchLogsExports", []),
        "Tags": [tag for tag in present.get("TagList", []) if not tag["Key"].startswith("aws:")],
    }
