"""`make upgrade-check`: what it tells of a database and of DAGs, on real PostgreSQL and two real Airflows."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest

from local import layout, metadata_database, upgrade_check
from local.upgrade_check import UpgradeCheckError, differences

FORMER = "3.2.2"


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    return Path(shutil.copytree(layout.ROOT / "dags", tmp_path / "dags"))


def test_upgrade_of_an_empty_database_works_both_ways(dags: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert upgrade_check.check({"FROM": FORMER, "DAGS": str(dags)}) == 0
    told = capsys.readouterr().out
    assert "an empty one of Airflow 3.2.2" in told
    assert "migration       done, " in told
    assert "downgrade       done, " in told
    assert "not as before" not in told
    assert told.strip().endswith(": accepted")


def test_copy_of_a_database_is_tried_and_the_database_itself_stays(
    tmp_path: Path, dags: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of the present version needs nothing; the former one cannot take it, and says so."""
    with metadata_database.migrated(tmp_path / "database") as database:
        assert upgrade_check.check({"DATABASE_URL": database.url, "DAGS": str(dags)}) == 0
        assert "none: Airflow 3.3.2 needs these very revisions" in capsys.readouterr().out
        with pytest.raises(
            UpgradeCheckError, match=r"Airflow 3\.2\.2 does not know the revision .*: it is the older one"
        ):
            upgrade_check.check({"DATABASE_URL": database.url, "TO": FORMER, "DAGS": str(dags)})
        with psycopg.connect(database.url) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("d2f4e1b3c5a7",)]


def test_dag_that_the_new_version_refuses_is_told(dags: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (dags / "gone.py").write_text("from airflow.sdk import DAG\nfrom airflow.no_such_module import anything\n")
    assert upgrade_check.refuses(upgrade_check.version(upgrade_check.present_version()), dags)
    told = capsys.readouterr().out
    assert "on Airflow 3.3.2: refused" in told
    assert "no_such_module" in told


def test_failed_command_of_airflow_s_is_told_with_its_last_words(tmp_path: Path) -> None:
    """A table that a revision makes is there already."""
    with metadata_database.empty(tmp_path / "database") as database:
        former = upgrade_check.version(FORMER)
        assert not upgrade_check.move(database, former, former.heads).error
        with psycopg.connect(database.url) as connection:
            connection.execute("CREATE TABLE connection_test_request (id int)")
        present = upgrade_check.version(upgrade_check.present_version())
        error = upgrade_check.move(database, present, present.heads).error
    assert error.startswith("airflow db migrate: ")
    assert "connection_test_request" in error


def test_what_does_not_come_back_is_told_in_words() -> None:
    before = {"same": (2, 7), "gone": (3, 1), "fewer": (3, 1), "other": (4, 1)}
    after = {"same": (2, 7), "new": (0, 0), "fewer": (2, 1), "other": (4, 2)}
    assert differences(before, after) == [
        "fewer has 2 rows instead of 3",
        "gone is gone, with 3 rows",
        "new stays, which was not there",
        "other has other values in its 4 rows",
    ]


@pytest.mark.parametrize("given", [{"FROM": "2.11.0"}, {"TO": "9.9"}])
def test_unknown_version_is_said(given: dict[str, str]) -> None:
    with pytest.raises(UpgradeCheckError, match=r"is not known here; there are 3\.3\.2, 3\.3\.1, 3\.2\.2"):
        upgrade_check.check(given)
