"""The snippet of docs/replay.md that writes a history from Airflow's REST API, on answers as Airflow 2 and 3 give them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.export_history import by_time
from benchmarks.scaling.history import read_history
from local import layout

NOW = datetime.now(UTC).replace(microsecond=250_000)
HOUR = timedelta(hours=1)


def snippets() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (layout.ROOT / "docs" / "replay.md").read_text(), re.DOTALL)


def text(at: datetime, *, zulu: bool = False) -> str:
    return at.isoformat().replace("+00:00", "Z" if zulu else "+00:00")


def dag_run(run_type: str, start: datetime, **more: Any) -> dict[str, Any]:
    """As Airflow 2.10 answers; `data_interval_end` of a scheduled run is when it was due."""
    due = (start - timedelta(seconds=2)).replace(microsecond=0)
    return {
        "conf": {},
        "dag_id": "sales",
        "dag_run_id": f"{run_type}__{text(due - HOUR)}",
        "data_interval_end": text(due),
        "data_interval_start": text(due - HOUR),
        "end_date": text(start + HOUR),
        "execution_date": text(due - HOUR),
        "external_trigger": run_type != "scheduled",
        "last_scheduling_decision": text(start + HOUR),
        "logical_date": text(due - HOUR),
        "note": None,
        "run_type": run_type,
        "start_date": text(start),
        "state": "success",
        **more,
    }


def task_instance(task_id: str, start: datetime | None, duration: float | None, state: str | None) -> dict[str, Any]:
    return {
        "dag_id": "sales",
        "duration": duration,
        "end_date": text(start + timedelta(seconds=duration)) if start and duration is not None else None,
        "executor": None,
        "map_index": -1,
        "operator": "PythonOperator",
        "queue": "default",
        "start_date": text(start) if start else None,
        "state": state,
        "task_id": task_id,
        "try_number": 1,
    }


class Api:
    """Answers as Airflow does: no more than 100 entries, whatever the limit."""

    def __init__(self, answers: dict[str, list[dict[str, Any]]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def get(self, path: str, query: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((path, query))
        found = self.answers[path]
        page = found[query["offset"] : query["offset"] + min(100, query["limit"])]
        return {path.rpartition("/")[2].replace("R", "_r").replace("I", "_i"): page, "total_entries": len(found)}

    def history(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """What replay reads of the file that the snippet writes here."""
        monkeypatch.chdir(folder)
        exec(snippets()[2], {"get": self.get})
        return list(read_history(folder / "history.jsonl").runs)


def tasks_of(start: datetime) -> list[dict[str, Any]]:
    """One, then 120 at the same time, then one; and what held no slot."""
    middle = start + timedelta(seconds=40)
    return [
        task_instance("first", start, 31.5, "success"),
        *(task_instance(f"middle{number}", middle, 60.0 + number, "success") for number in range(120)),
        task_instance("last", middle + timedelta(seconds=200), 12.0, "failed"),
        task_instance("empty", start, 0.0, "success"),
        task_instance("branch", None, None, "skipped"),
        task_instance("later", None, None, None),
    ]


def test_airflow_2_s_answers_become_a_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduled run from when it was due, another from its start; what still runs, or was due long ago, not at all."""
    begins = [NOW - 30 * HOUR, NOW - 20 * HOUR]
    scheduled, manual = dag_run("scheduled", begins[0]), dag_run("manual", begins[1])
    answers = {
        "/dags/~/dagRuns": [
            scheduled,
            manual,
            dag_run("scheduled", NOW - HOUR, state="running", end_date=None),
            dag_run("scheduled", NOW - 2 * HOUR, data_interval_end=text(NOW - 900 * HOUR)),
        ],
        **{
            f"/dags/sales/dagRuns/{run['dag_run_id']}/taskInstances": tasks_of(begin)
            for run, begin in zip((scheduled, manual), begins, strict=True)
        },
    }
    api = Api(answers)
    first, second = api.history(tmp_path, monkeypatch)
    assert (first.dag_id, first.known, second.known) == ("sales", True, False)
    assert second.run_after - first.run_after == pytest.approx(10 * 3600 + 2.25, abs=0.01)
    expected = ((31.5,), tuple(60.0 + number for number in range(120)), (12.0,))
    assert first.levels == second.levels == expected
    assert [query["offset"] for path, query in api.asked if path.endswith("taskInstances")] == [0, 100, 0, 100]
    assert len(api.asked) == 5


def test_airflow_3_s_run_after_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which writes its times with a Z, and runs without a data interval."""
    begin = NOW - 5 * HOUR
    runs = [
        dag_run(
            "scheduled", begin, run_after=text(begin - HOUR, zulu=True), data_interval_end=None, dag_run_id="a b+1"
        ),
        dag_run("manual", begin, run_after=text(begin, zulu=True), data_interval_end=None, dag_run_id="c"),
    ]
    answers = {
        "/dags/~/dagRuns": runs,
        "/dags/sales/dagRuns/a%20b+1/taskInstances": tasks_of(begin),
        "/dags/sales/dagRuns/c/taskInstances": tasks_of(begin),
    }
    first, second = Api(answers).history(tmp_path, monkeypatch)
    assert second.run_after - first.run_after == pytest.approx(3600, abs=0.01)


def test_airflow_without_runs_writes_an_empty_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="holds no run"):
        Api({"/dags/~/dagRuns": []}).history(tmp_path, monkeypatch)


def test_its_levels_are_those_of_the_export() -> None:
    found: dict[str, Any] = {}
    definition = re.search(r"def levels\(.*?return found\n", snippets()[2], re.DOTALL)
    assert definition
    exec("import heapq\n" + definition[0], found)
    tasks = [(0.0, 10.0, 10.0), (2.0, 4.0, 2.0), (5.0, 9.0, 4.0), (11.0, 12.0, 1.0)]
    assert found["levels"](tasks) == by_time([("", *task) for task in tasks]) == [[10, 2], [4], [1]]


def test_both_ways_to_call_it_are_python() -> None:
    for each in snippets():
        compile(each, "docs/replay.md", "exec")
