"""`make export-history` on a metadata database that Airflow made."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import psycopg
import pytest

from benchmarks import export_history
from benchmarks.export_history import ExportError, by_time, database_url, export
from benchmarks.scaling.history import read_history
from local import layout
from tests.integration.workload_metrics.conftest import LOGICAL_DATE, World

SINCE = (LOGICAL_DATE - timedelta(days=1)).timestamp()


def exported(world: World, since: float = SINCE) -> list[dict]:
    lines = io.StringIO()
    with psycopg.connect(world.server.url_of(world.name)) as connection:
        count = export(connection, since, lines)
    rows = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert len(rows) == count
    return rows


def ended(world: World) -> None:
    """Each task took a second, one after the other."""
    world.airflow.execute("UPDATE dag_run SET state = 'success'")
    world.airflow.execute("UPDATE task_instance SET state = 'skipped'")
    for number, task_id in enumerate(("numbers", "double", "group.inside", "wait", "empty", "announces", "local")):
        start = datetime(2026, 11, 28, 12, 0, number, tzinfo=UTC)
        world.set(
            *("everything", task_id, "success"),
            start_date=start,
            end_date=start + timedelta(seconds=number + 1),
            duration=number + 1.0,
        )


def test_levels_are_those_of_the_dag_without_what_held_no_slot(world: World) -> None:
    """The EmptyOperator and the task of another executor are not there; `announces` comes after all before it."""
    ended(world)
    assert exported(world) == [
        {
            "dag_id": "everything",
            "run_after": LOGICAL_DATE.timestamp(),
            "known": True,
            "levels": [[1.0, 4.0], [2.0], [3.0], [6.0]],
        }
    ]


def test_levels_follow_the_times_when_the_version_is_gone(world: World) -> None:
    ended(world)
    world.airflow.execute("UPDATE dag_run SET created_dag_version_id = NULL")
    assert exported(world)[0]["levels"] == [[1.0], [2.0, 3.0], [4.0, 5.0, 6.0]]


def test_earlier_tries_count(world: World) -> None:
    ended(world)
    world.set("everything", "numbers", "success", try_number=2)
    world.airflow.execute(
        "INSERT INTO task_instance_history (task_instance_id, task_id, dag_id, run_id, map_index, try_number, duration,"
        " max_tries, pool, pool_slots, span_status)"
        " SELECT gen_random_uuid(), task_id, dag_id, run_id, map_index, 1, 40, 2, pool, 1, '' FROM task_instance"
        " WHERE task_id = 'numbers'"
    )
    assert exported(world)[0]["levels"][0] == [41.0, 4.0]


def test_run_that_nobody_scheduled_is_not_known(world: World) -> None:
    ended(world)
    world.airflow.execute("UPDATE dag_run SET run_type = 'manual'")
    assert [row["known"] for row in exported(world)] == [False]


def test_older_and_unfinished_runs_are_left_out(world: World) -> None:
    ended(world)
    assert exported(world, LOGICAL_DATE.timestamp() + 1) == []
    world.airflow.execute("UPDATE dag_run SET state = 'running'")
    assert exported(world) == []


def test_tasks_that_overlap_are_of_one_level() -> None:
    assert by_time([("a", 0, 10, 10), ("b", 2, 4, 2), ("c", 5, 9, 4), ("d", 11, 12, 1)]) == [[10, 2], [4], [1]]


def test_url_may_be_sqlalchemy_s_and_without_one_a_stack_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert database_url({"DATABASE_URL": "postgresql+psycopg2://u:p@h/d"}) == "postgresql://u:p@h/d"
    monkeypatch.setattr(layout.Stack, "load", staticmethod(lambda: None))
    with pytest.raises(ExportError, match="DATABASE_URL="):
        database_url({})


def test_command_says_what_it_wrote(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path
) -> None:
    ended(world)
    monkeypatch.setenv("DATABASE_URL", world.server.url_of(world.name))
    monkeypatch.setenv("HISTORY", str(tmp_path / "here" / "history.jsonl"))
    monkeypatch.setenv("DAYS", "100000")
    assert export_history.main() == 0
    assert "1 runs of 100000 days" in capsys.readouterr().out
    assert json.loads((tmp_path / "here" / "history.jsonl").read_text())["dag_id"] == "everything"


@pytest.mark.parametrize("days", ["x", "0", "-1", "nan", "inf", "1e7"])
def test_days_that_are_none_end_with_2(
    days: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("HISTORY", str(tmp_path / "history.jsonl"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@127.0.0.1:1/airflow")
    monkeypatch.setenv("DAYS", days)
    assert export_history.main() == 2
    assert capsys.readouterr().err == (
        f"export-history: DAYS={days}: it must be a number of days, above 0, such as 7 or 0.5\n"
    )


def test_refused_connection_leaves_the_former_export(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text("of yesterday")
    monkeypatch.setenv("HISTORY", str(file))
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@127.0.0.1:1/airflow")
    assert export_history.main() == 1
    assert "export-history: connection" in capsys.readouterr().err
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"history.jsonl": "of yesterday"}


def test_query_that_breaks_leaves_the_former_export(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Refused as of a reader without rights, and broken after a line was written."""
    ended(world)
    file = tmp_path / "history.jsonl"
    file.write_text("of yesterday")
    monkeypatch.setenv("HISTORY", str(file))
    monkeypatch.setenv("DATABASE_URL", world.server.url_of(world.name))
    monkeypatch.setenv("DAYS", "100000")
    broken_later = export_history.RUNS.replace("run.dag_id,", "run.dag_id || (1 / (run.id - run.id))::text,", 1)

    def export_and_break(connection: psycopg.Connection, since: float, lines: TextIO) -> int:
        export(connection, since, lines)
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patched:
        patched.setattr(export_history, "RUNS", broken_later)
        assert export_history.main() == 1
        assert "export-history: division by zero" in capsys.readouterr().err
    with monkeypatch.context() as patched:
        patched.setattr(export_history, "export", export_and_break)
        assert export_history.main() == 1
        assert "export-history: server closed" in capsys.readouterr().err
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"history.jsonl": "of yesterday"}
    assert export_history.main() == 0
    assert json.loads(file.read_text())["dag_id"] == "everything"


def test_file_that_cannot_be_written_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("HISTORY", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", world.server.url_of(world.name))
    assert export_history.main() == 1
    assert "export-history: [Errno 21] Is a directory" in capsys.readouterr().err


def test_replay_reads_what_was_exported(world: World, tmp_path: Path) -> None:
    ended(world)
    file = tmp_path / "history.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in exported(world)))
    (run,) = read_history(file).runs
    assert (run.dag_id, run.known, run.levels) == ("everything", True, ((1.0, 4.0), (2.0,), (3.0,), (6.0,)))
