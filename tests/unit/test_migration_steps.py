"""What the migration's task does to a database, as a decision: `farflow.schema` and `farflow.airflow_command`."""

from pathlib import Path

import pytest

from farflow import airflow_command, schema
from farflow.schema import History, Relation, SchemaError

AIRFLOW = History("airflow", "alembic_version", ("a1", "a2", "a3"))
FAB = History("fab", "alembic_version_fab", ("f1", "f2"))
KNOWN = (AIRFLOW, FAB)


@pytest.mark.parametrize(
    ("airflow", "fab", "expected"),
    [
        (None, None, Relation.EMPTY),
        ("a3", "f2", Relation.EQUAL),
        ("a2", "f2", Relation.BEHIND),
        ("a3", None, Relation.BEHIND),  # a first deployment that was killed
        ("a3", "f1", Relation.BEHIND),
        ("a4", "f2", Relation.AHEAD),
        ("a4", "f3", Relation.AHEAD),
    ],
)
def test_database_is_compared_with_what_the_image_knows(
    airflow: str | None, fab: str | None, expected: Relation
) -> None:
    assert schema.relation(KNOWN, {"airflow": airflow, "fab": fab}) is expected


def test_database_that_is_older_in_one_part_and_newer_in_another_is_refused() -> None:
    """No image knows the way for both."""
    with pytest.raises(SchemaError, match="airflow a4, fab f1"):
        schema.relation(KNOWN, {"airflow": "a4", "fab": "f1"})


def test_way_up_and_way_down_are_airflow_s_own_commands() -> None:
    up = schema.way(KNOWN, {"airflow": "a1", "fab": None}, {"airflow": "a3", "fab": "f2"})
    assert up == [
        ["airflow", "db", "migrate", "--to-revision", "a3"],
        ["airflow", "fab-db", "migrate", "--to-revision", "f2"],
    ]
    down = schema.way(KNOWN, {"airflow": "a3", "fab": "f2"}, {"airflow": "a2", "fab": "f2"})
    assert down == [["airflow", "db", "downgrade", "--to-revision", "a2", "--yes"]]


def test_part_that_is_not_wanted_anywhere_stays() -> None:
    assert schema.way(KNOWN, {"airflow": "a3", "fab": None}, {"airflow": "a3"}) == []


@pytest.mark.parametrize(("found", "wanted"), [("a9", "a2"), ("a2", "a9")])
def test_way_that_the_image_does_not_know_is_refused(found: str, wanted: str) -> None:
    with pytest.raises(SchemaError, match="does not know the revision a9 of airflow"):
        schema.way(KNOWN, {"airflow": found, "fab": "f2"}, {"airflow": wanted, "fab": "f2"})


def test_history_is_read_from_the_files_in_their_own_order(tmp_path: Path) -> None:
    """The names of the files say nothing."""
    (tmp_path / "__init__.py").touch()
    (tmp_path / "0_last.py").write_text('revision = "c"\ndown_revision = "b"\n')
    (tmp_path / "1_first.py").write_text('revision = "a"\ndown_revision = None\n')
    (tmp_path / "2_middle.py").write_text('revision: str = "b"\ndown_revision: str | None = "a"\n')
    assert schema.read_history(tmp_path) == ("a", "b", "c")


@pytest.mark.parametrize(
    "more", ['revision = "x"\ndown_revision = "nowhere"\n', 'revision = "x"\ndown_revision = ("a", "b")\n', "x = 1\n"]
)
def test_history_that_is_no_line_is_an_error(tmp_path: Path, more: str) -> None:
    (tmp_path / "1.py").write_text('revision = "a"\ndown_revision = None\n')
    (tmp_path / "2.py").write_text(more)
    with pytest.raises(SchemaError, match="not one line"):
        schema.read_history(tmp_path)


def test_airflow_gets_no_setting_but_those_that_a_migration_needs() -> None:
    """A setting that Airflow does not start with must not stand in its way."""
    environ = {
        "PATH": "/bin",
        "DATABASE_PASSWORD": "p",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://${DATABASE_PASSWORD}",
        "AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS": "no.such.module",
        "AIRFLOW_HOME": "/opt/airflow",
        "AIRFLOW_CONFIG": "/opt/airflow/airflow.cfg",
        "ADMINISTRATOR_PASSWORD": "a",
    }
    assert airflow_command.minimal(environ, "/empty") == {
        "PATH": "/bin",
        "DATABASE_PASSWORD": "p",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://${DATABASE_PASSWORD}",
        "AIRFLOW_HOME": "/empty",
        "AIRFLOW__CORE__LAZY_LOAD_PLUGINS": "True",
        "PGOPTIONS": "-c lock_timeout=5min",
    }
