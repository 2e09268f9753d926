"""`make upgrade-check`: what it tells of a database and of DAGs, on real PostgreSQL and two real Airflows."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local import layout, metadata_database, stack_control, upgrade_check
from local.metadata_database import MetadataDatabase
from local.upgrade_check import UpgradeCheckError

FORMER = "3.2.2"
HANG_ON_TO_NEW_TABLES = """
    CREATE FUNCTION hang_on() RETURNS event_trigger LANGUAGE plpgsql AS $$
    DECLARE made record;
    BEGIN
        FOR made IN SELECT object_identity FROM pg_event_trigger_ddl_commands() WHERE object_type = 'table' LOOP
            EXECUTE format('CREATE OR REPLACE VIEW %I AS SELECT * FROM %s', 'of_' || replace(made.object_identity, '.', '_'), made.object_identity);
        END LOOP;
    END $$;
    CREATE EVENT TRIGGER hang_on ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION hang_on();
"""


PRESENT = upgrade_check.version(upgrade_check.present_version())


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    folder = tmp_path / "dags"
    folder.mkdir()
    shutil.copy(layout.ROOT / "dags" / "taskflow_report.py", folder)
    return folder


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a server whose database is of the former version."""
    folder = tmp_path_factory.mktemp("former") / "server"
    with metadata_database.empty(folder) as database:
        upgrade_check.create_schema(database, upgrade_check.version(FORMER))
    return folder


@pytest.fixture
def former(made_once: Path, tmp_path: Path) -> Iterator[MetadataDatabase]:
    """A database of the former version."""
    folder = shutil.copytree(made_once, tmp_path / "former", copy_function=shutil.copy)
    with metadata_database.serving(folder) as database:
        yield database


def test_upgrade_of_an_empty_database_works_both_ways(dags: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert upgrade_check.check({"FROM": FORMER, "DAGS": str(dags)}) == 0
    told = capfd.readouterr().out
    assert "an empty database of Airflow 3.2.2" in told
    assert "rows, at airflow 1d6611b6ab7c, fab " in told
    assert "migration       done, " in told
    assert "downgrade       done, " in told
    assert "not as before" not in told
    assert told.strip().endswith(": accepted")


def test_copy_of_a_database_is_tried_and_the_database_itself_stays(
    tmp_path: Path, dags: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One of the present version needs nothing; the former one cannot take it, and says so."""
    with metadata_database.migrated(tmp_path / "database") as database:
        assert upgrade_check.check({"DATABASE_URL": database.url, "DAGS": str(dags)}) == 0
        assert "none: Airflow 3.3.2 needs these very revisions" in capfd.readouterr().out
        assert upgrade_check.check({"DATABASE_URL": database.url, "TO": FORMER, "DAGS": str(dags)}) == 1
        assert "it is newer than Airflow 3.2.2, and only the newer version can take it down" in capfd.readouterr().out
        with psycopg.connect(database.url) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("d2f4e1b3c5a7",)]


def test_dag_that_the_new_version_refuses_is_told(dags: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (dags / "gone.py").write_text("from airflow.sdk import DAG\nfrom airflow.no_such_module import anything\n")
    assert upgrade_check.refuses(PRESENT, dags)
    told = capsys.readouterr().out
    assert "on Airflow 3.3.2: refused" in told
    assert "gone.py:2: FL301 the import failed" in told


def test_what_the_push_gate_refuses_in_any_version_is_counted_and_does_not_fail_the_check(
    dags: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (dags / "style.py").write_text("import os, sys\n")
    assert not upgrade_check.refuses(PRESENT, dags)
    told = capsys.readouterr().out
    assert "on Airflow 3.3.2: accepted" in told
    assert re.search(r"besides +[0-9]+ findings of any version: make lint-dags", told)


def test_lint_without_a_verdict_is_no_acceptance(tmp_path: Path) -> None:
    with pytest.raises(UpgradeCheckError, match=r"the DAGs could not be linted: .*is no folder"):
        upgrade_check.refuses(PRESENT, tmp_path / "nowhere")


def test_migration_that_fails_is_told_with_its_last_words(
    former: MetadataDatabase, dags: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A table that a revision makes is there already."""
    with psycopg.connect(former.url) as connection:
        connection.execute("CREATE TABLE connection_test_request (id int)")
    assert upgrade_check.check({"DATABASE_URL": former.url, "DAGS": str(dags)}) == 1
    (told,) = [line for line in capfd.readouterr().out.splitlines() if line.startswith("migration ")]
    assert told.removeprefix("migration").strip().startswith("airflow db migrate: ")
    assert "connection_test_request" in told


def test_way_back_that_fails_is_told_and_what_it_means(
    former: MetadataDatabase, capfd: pytest.CaptureFixture[str]
) -> None:
    """Something hangs on each table that only the newer version has."""
    with psycopg.connect(former.url) as connection:
        connection.execute(HANG_ON_TO_NEW_TABLES)
    assert not upgrade_check.try_here(PRESENT, {"DATABASE_URL": former.url})
    told = capfd.readouterr().out
    assert "migration       done, " in told
    assert "downgrade       airflow db downgrade: " in told
    assert "so the way back is the snapshot" in told


def test_database_that_somebody_works_on_is_left_alone(former: MetadataDatabase) -> None:
    """Whatever leads a trial to the wrong database: a copy is nobody else's."""
    with psycopg.connect(former.url, application_name="a scheduler") as connection:
        trial = subprocess.run(
            [PRESENT.python, "-m", "farflow.upgrade_trial"],
            env=PRESENT.environ(former),
            capture_output=True,
            text=True,
            check=False,
        )
        revision = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert trial.returncode == 1
    assert "it has 1 other connections (a scheduler), so it is no copy" in trial.stdout
    assert revision == [("1d6611b6ab7c",)]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"FROM": FORMER, "IMAGE": "apache/airflow:3.1"}, "IMAGE is tried beside its database, with ENV"),
        ({"ENV": "prod", "TO": FORMER}, "with ENV the image is the version to try"),
        ({"FROM": FORMER, "DAGS": "/no/where"}, "DAGS=/no/where is no folder"),
        ({"DATABASE_URL": "mysql://a:b@db.example/airflow"}, "DATABASE_URL is to be postgresql://"),
    ],
)
def test_what_would_not_be_looked_at_is_refused_before_anything_is_tried(given: dict[str, str], told: str) -> None:
    with pytest.raises(UpgradeCheckError, match=told):
        upgrade_check.check(given)


def test_airflow_s_own_url_of_a_database_is_taken() -> None:
    assert upgrade_check.libpq_url("postgresql+psycopg2://a:b@db/airflow") == "postgresql://a:b@db/airflow"


def test_two_databases_at_once_are_refused() -> None:
    """Whoever says both means his deployment, and would be shown an empty database."""
    with pytest.raises(UpgradeCheckError, match="say one of ENV and FROM: each is another database"):
        upgrade_check.check({"ENV": "prod", "FROM": FORMER})


def test_database_that_is_not_said_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_control, "running", lambda: None)
    with pytest.raises(UpgradeCheckError, match="say ENV=<environment>, DATABASE_URL=<url> or FROM=<version>"):
        upgrade_check.check({})


@pytest.mark.parametrize("given", [{"FROM": "2.11.0"}, {"TO": "9.9"}])
def test_unknown_version_is_said(given: dict[str, str]) -> None:
    with pytest.raises(UpgradeCheckError, match=r"is not known here; there are 3\.3\.2, 3\.3\.1, 3\.2\.2"):
        upgrade_check.check(given)
