"""RDS instances with content: what a snapshot has, what a restore makes, and what a new name means to who connects.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CreateSnapshot.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local import layout, metadata_database, postgres
from local.metadata_database import MetadataDatabase
from tests.integration.local_aws.conftest import LocalAws

INSTANCE = layout.DATABASE_INSTANCE


@pytest.fixture
def database(local_aws: LocalAws, tmp_path: Path) -> Iterator[MetadataDatabase]:
    """The stack's, behind the instance that RDS knows."""
    with metadata_database.empty(tmp_path / "database") as database:
        data = local_aws.folder / layout.POSTGRES_DATA.name
        data.mkdir(exist_ok=True)
        (data / "postgresql.conf").write_text(f"port = {database.port}\n")
        (local_aws.folder / postgres.PASSWORD_FILE.name).write_text(metadata_database.PASSWORD)
        rds = local_aws.client("rds")
        rds.create_db_instance(
            DBInstanceIdentifier=INSTANCE, Engine="postgres", DBInstanceClass="db.t4g.small", MasterUsername="airflow"
        )
        yield database
        for instance in rds.describe_db_instances()["DBInstances"]:
            rds.delete_db_instance(DBInstanceIdentifier=instance["DBInstanceIdentifier"], SkipFinalSnapshot=True)


def numbers(database: MetadataDatabase) -> list[int]:
    with psycopg.connect(database.url) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM numbers ORDER BY 1")]


def test_restored_snapshot_that_takes_the_instance_s_name_is_what_its_endpoint_has(
    local_aws: LocalAws, database: MetadataDatabase, eventually: Callable[..., Any]
) -> None:
    rds = local_aws.client("rds")
    with psycopg.connect(database.url) as connection:
        connection.execute("CREATE TABLE numbers AS SELECT 1 AS number")
    rds.create_db_snapshot(DBSnapshotIdentifier="before", DBInstanceIdentifier=INSTANCE)
    eventually(lambda: snapshot_status(rds, "before") == "available", 20, "the snapshot")
    with psycopg.connect(database.url) as connection:
        connection.execute("INSERT INTO numbers VALUES (2)")

    rds.restore_db_instance_from_db_snapshot(DBSnapshotIdentifier="before", DBInstanceIdentifier="restored")
    eventually(lambda: status(rds, "restored") == "available", 20, "the restored instance")
    assert numbers(database) == [1, 2], "the instance itself is as it was"
    rds.modify_db_instance(DBInstanceIdentifier=INSTANCE, NewDBInstanceIdentifier="replaced", ApplyImmediately=True)
    rds.modify_db_instance(DBInstanceIdentifier="restored", NewDBInstanceIdentifier=INSTANCE, ApplyImmediately=True)
    assert numbers(database) == [1]
    assert {status(rds, name) for name in (INSTANCE, "replaced")} == {"available"}
    with pytest.raises(rds.exceptions.DBInstanceNotFoundFault):
        status(rds, "restored")


def test_instance_restored_to_a_point_in_time_is_a_server_of_its_own(
    local_aws: LocalAws, database: MetadataDatabase, eventually: Callable[..., Any]
) -> None:
    """With the same users and passwords. It ends when it is deleted."""
    rds = local_aws.client("rds")
    with psycopg.connect(database.url) as connection:
        connection.execute("CREATE TABLE numbers AS SELECT 1 AS number")
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'secret'")
        connection.execute("GRANT SELECT ON numbers TO reader")
    rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=INSTANCE, TargetDBInstanceIdentifier="copy", UseLatestRestorableTime=True
    )
    with pytest.raises(rds.exceptions.DBInstanceAlreadyExistsFault):
        rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier=INSTANCE, TargetDBInstanceIdentifier="copy", UseLatestRestorableTime=True
        )
    eventually(lambda: status(rds, "copy") == "available", 30, "the copy")
    with psycopg.connect(database.url) as connection:
        connection.execute("INSERT INTO numbers VALUES (2)")

    endpoint = rds.describe_db_instances(DBInstanceIdentifier="copy")["DBInstances"][0]["Endpoint"]
    url = f"postgresql://reader:secret@{endpoint['Address']}:{endpoint['Port']}/airflow"
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT number FROM numbers").fetchall() == [(1,)]
    rds.delete_db_instance(DBInstanceIdentifier="copy", SkipFinalSnapshot=True, DeleteAutomatedBackups=True)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    assert numbers(database) == [1, 2]


def test_snapshot_that_cannot_be_taken_is_failed(
    local_aws: LocalAws, database: MetadataDatabase, eventually: Callable[..., Any]
) -> None:
    rds = local_aws.client("rds")
    (local_aws.folder / postgres.PASSWORD_FILE.name).write_text("wrong")
    rds.create_db_snapshot(DBSnapshotIdentifier="failing", DBInstanceIdentifier=INSTANCE)
    eventually(lambda: snapshot_status(rds, "failing") == "failed", 20, "the snapshot fails")


def snapshot_status(rds: Any, name: str) -> str:
    return str(rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]["Status"])


def status(rds: Any, name: str) -> str:
    return str(rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["DBInstanceStatus"])
