"""RDS instances restored to a point in time: each is a PostgreSQL server of its own, with all that the other one has.

- it has the databases, users and passwords of its source, and an endpoint of its own:
  https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html

The emulator does not know the action. Here the latest restorable time is now, and there is no other.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.services import rds

from local import layout, metadata_database, postgres
from local.errors import LocalStackError

logger = logging.getLogger(__name__)

Action = Callable[[Any], Any]
END_SECONDS = 60.0


def install(folder: Path) -> None:
    copies = Copies(folder)
    actions = rds._ACTION_MAP
    actions["RestoreDBInstanceToPointInTime"] = copies.restore
    actions["DeleteDBInstance"] = copies.ending(actions["DeleteDBInstance"])


class Copies:
    """Of the stack in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: dict[str, tuple[threading.Event, threading.Thread]] = {}

    def restore(self, parameters: Any) -> Any:
        source = rds._p(parameters, "SourceDBInstanceIdentifier")
        target = rds._p(parameters, "TargetDBInstanceIdentifier")
        if source not in rds._instances:
            return rds._error("DBInstanceNotFound", f"DBInstance {source} not found.", 404)
        if target in rds._instances:
            return rds._error("DBInstanceAlreadyExists", f"DBInstance {target} already exists.", 400)
        if source != layout.DATABASE_INSTANCE or rds._p(parameters, "UseLatestRestorableTime") != "true":
            return rds._error("InvalidParameterValue", "only the stack's own, at the latest restorable time", 400)
        original = rds._instances[source]
        instance = original | {
            "DBInstanceIdentifier": target,
            "DBInstanceArn": f"{original['DBInstanceArn'].rpartition(':')[0]}:{target}",
            "DBInstanceStatus": "creating",
            "DeletionProtection": rds._p(parameters, "DeletionProtection") == "true",
        }
        rds._instances[target] = instance
        ended = threading.Event()
        server = threading.Thread(target=self._serve, args=(instance, ended), daemon=True, name=target)
        self._servers[target] = ended, server
        server.start()
        return rds._single_instance_response(
            "RestoreDBInstanceToPointInTimeResponse", "RestoreDBInstanceToPointInTimeResult", instance
        )

    def ending(self, delete: Action) -> Action:
        def end(parameters: Any) -> Any:
            answer = delete(parameters)
            if answer[0] == 200 and (known := self._servers.pop(rds._p(parameters, "DBInstanceIdentifier"), None)):
                ended, server = known
                ended.set()
                server.join(END_SECONDS)
            return answer

        return end

    def _serve(self, instance: Any, ended: threading.Event) -> None:
        """As RDS: answer at once, and say by the instance's status how it went."""
        folder = self._folder / "copies" / instance["DBInstanceIdentifier"]
        try:
            folder.mkdir(parents=True)
            postgres.client(self._folder).copy_server(folder / metadata_database.DATA)
            with metadata_database.serving(folder) as database:
                instance["Endpoint"] = {**instance.get("Endpoint", {}), "Address": "127.0.0.1", "Port": database.port}
                instance["DBInstanceStatus"] = "available"
                ended.wait()
        except (OSError, LocalStackError):
            logger.exception("RDS could not do it")
            instance["DBInstanceStatus"] = "failed"
        finally:
            shutil.rmtree(folder, ignore_errors=True)
