"""RDS instances that are databases of the embedded PostgreSQL: snapshots are dumps, and are restored for real.

- a snapshot has the content of the moment at which it was asked for, and is available later:
  https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
- a restore makes another instance with the same master user:
  https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html
- a renamed instance is found at the endpoint of its new name, after its connections were cut:
  https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html

The emulator keeps records without content, and ignores a new name. What stands for the endpoint of an instance is the name
of its database: whoever connects to Airflow's meets the instance that has the name of `layout.DATABASE_INSTANCE`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.services import rds

from local import layout, postgres
from local.postgres_client import PostgresClient, PostgresError

logger = logging.getLogger(__name__)

Action = Callable[[Any], Any]


def install(folder: Path) -> None:
    instances = Instances(folder)
    actions = rds._ACTION_MAP
    actions["CreateDBSnapshot"] = instances.taking(actions["CreateDBSnapshot"])
    actions["RestoreDBInstanceFromDBSnapshot"] = instances.restoring(actions["RestoreDBInstanceFromDBSnapshot"])
    actions["ModifyDBInstance"] = instances.renaming(actions["ModifyDBInstance"])


def database_of(instance: str) -> str:
    """Where the content of an instance is."""
    return postgres.DATABASE if instance == layout.DATABASE_INSTANCE else instance.replace("-", "_")


class Instances:
    """Wraps the emulator's actions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._dumps = folder / layout.SNAPSHOTS.name

    @property
    def _server(self) -> PostgresClient:
        """Known by the folder of the stack, as soon as it is there."""
        return postgres.client(self._folder)

    def taking(self, create: Action) -> Action:
        def take(parameters: Any) -> Any:
            answer = create(parameters)
            if answer[0] == 200:
                identifier = rds._p(parameters, "DBSnapshotIdentifier")
                database = database_of(rds._p(parameters, "DBInstanceIdentifier"))
                snapshot = rds._snapshots[identifier]
                snapshot["Status"] = "creating"
                dump = self._dumps / f"{identifier}.dump"
                self._begin(snapshot, "Status", "failed", lambda: self._server.dump(database, dump))
            return answer

        return take

    def restoring(self, restore: Action) -> Action:
        def restore_content(parameters: Any) -> Any:
            answer = restore(parameters)
            if answer[0] == 200:
                identifier = rds._p(parameters, "DBInstanceIdentifier")
                instance = rds._instances[identifier]
                instance["DBInstanceStatus"] = "creating"
                dump = self._dumps / f"{rds._p(parameters, 'DBSnapshotIdentifier')}.dump"
                database = database_of(identifier)
                self._begin(instance, "DBInstanceStatus", "failed", lambda: self._server.restore(database, dump))
            return answer

        return restore_content

    def renaming(self, modify: Action) -> Action:
        def rename(parameters: Any) -> Any:
            answer = modify(parameters)
            name, new = rds._p(parameters, "DBInstanceIdentifier"), rds._p(parameters, "NewDBInstanceIdentifier")
            if answer[0] == 200 and new:
                self._server.rename(database_of(name), database_of(new))
                instance = rds._instances.pop(name)
                arn = f"{instance['DBInstanceArn'].rpartition(':')[0]}:{new}"
                rds._instances[new] = instance | {"DBInstanceIdentifier": new, "DBInstanceArn": arn}
            return answer

        return rename

    def _begin(self, record: Any, status: str, failed: str, act: Callable[[], None]) -> None:
        """As RDS: answer at once, and say by the record's status how it went."""

        def go_on() -> None:
            try:
                self._dumps.mkdir(parents=True, exist_ok=True)
                act()
            except (OSError, PostgresError):
                logger.exception("RDS could not do it")
                record[status] = failed
            else:
                record[status] = "available"

        threading.Thread(target=go_on, daemon=True, name="rds").start()
