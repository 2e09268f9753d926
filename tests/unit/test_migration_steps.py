"""The commands of the migration task: `farflow.migration`."""

import pytest

from farflow import migration


def test_schema_comes_before_the_administrator() -> None:
    steps = migration.steps({"ADMINISTRATOR_USERNAME": "root", "ADMINISTRATOR_PASSWORD": "p"})
    assert [step[1:3] for step in steps] == [["db", "migrate"], ["users", "create"]]
    assert steps[1][steps[1].index("--username") + 1] == "root"


def test_missing_password_stops_before_anything_runs() -> None:
    with pytest.raises(KeyError, match="ADMINISTRATOR_PASSWORD"):
        migration.steps({"ADMINISTRATOR_USERNAME": "root"})


def test_first_failing_step_decides_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "steps", lambda _: [["true"], ["sh", "-c", "exit 5"], ["touch", "/never"]])
    assert migration.main() == 5


def test_role_for_worker_scaling_is_made_last_where_it_has_a_password() -> None:
    environ = {"ADMINISTRATOR_USERNAME": "root", "ADMINISTRATOR_PASSWORD": "p", "METRICS_DATABASE_PASSWORD": "m"}
    assert migration.steps(environ)[2][1:] == ["-m", "farflow.metrics_role"]
