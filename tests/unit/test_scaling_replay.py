"""`make replay`: the file's format, what a bad line is answered with, and what comes out."""

import dataclasses
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scaling import replay
from benchmarks.scaling.history import LEAD_IN, HistoryError, read_history
from benchmarks.scaling.replay import OptionError, play, read_options
from local import layout
from tests.contract import templates

LINE = {"dag_id": "etl", "run_after": 1_760_000_000.0, "known": True, "levels": [[30.0, 40.0], [5]]}


def write(folder: Path, *lines: Any) -> Path:
    path = folder / "history.jsonl"
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines) + "\n")
    return path


def test_lines_may_be_in_any_order_and_of_any_clock(tmp_path: Path) -> None:
    for start in (0, 7, 1_760_000_000):
        day = read_history(write(tmp_path, {**LINE, "run_after": start + 3600}, "", {**LINE, "run_after": start}))
        first, second = day.runs
        assert second.run_after - first.run_after == 3600
        assert first.run_after == LEAD_IN + start % 60
        assert first.levels == ((30.0, 40.0), (5.0,))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: no JSON"),
        ("[1]", "line 2: not an object"),
        ("[" * 100_000, "line 2: no JSON of a run"),
        ('{"a":' * 100_000, "line 2: no JSON of a run"),
        ({key: value for key, value in LINE.items() if key != "known"}, "line 2: field known is missing"),
        ({**LINE, "dag_id": 3}, "line 2: field dag_id is 3"),
        ({**LINE, "known": "yes"}, 'line 2: field known is "yes"'),
        ({**LINE, "run_after": "2026-01-01"}, 'line 2: field run_after is "2026-01-01"'),
        ({**LINE, "run_after": True}, "line 2: field run_after is true"),
        ('{"dag_id": "a", "run_after": NaN, "known": true, "levels": [[1]]}', "line 2: field run_after is NaN"),
        ({**LINE, "levels": []}, r"line 2: field levels is \[\]"),
        ({**LINE, "levels": [[1], []]}, r"line 2: field levels: level 2 is \[\]"),
        ({**LINE, "levels": [1]}, "line 2: field levels: level 1 is 1"),
        ({**LINE, "levels": [[1, -2]]}, "line 2: field levels: level 1 holds -2"),
        ({**LINE, "levels": [[None]]}, "line 2: field levels: level 1 holds null"),
        ({**LINE, "run_after": 1_760_000_000_000}, "field run_after: .* is it in seconds"),
    ],
)
def test_bad_line_is_named(tmp_path: Path, line: Any, message: str) -> None:
    with pytest.raises(HistoryError, match=message):
        read_history(write(tmp_path, LINE, line))


def test_empty_and_missing_files_are_said(tmp_path: Path) -> None:
    """And how such a file is made."""
    with pytest.raises(HistoryError, match="holds no run; `make export-history` writes such a file"):
        read_history(write(tmp_path, ""))
    with pytest.raises(HistoryError, match=r"cannot be read: .*; `make export-history` writes such a file"):
        read_history(tmp_path / "nowhere")


def test_order_of_lines_changes_nothing(tmp_path: Path) -> None:
    """Runs that may begin at the same time are told apart by all else that a line says."""
    lines = [
        {**LINE, "dag_id": dag_id, "known": known, "levels": levels}
        for dag_id in ("a", "b")
        for known in (False, True)
        for levels in ([[1]], [[1, 2]], [[2], [1]])
    ]
    assert read_history(write(tmp_path, *lines)) == read_history(write(tmp_path, *reversed(lines)))


@pytest.mark.parametrize("depth", [500, 900, 990, 1_000, 5_000, 9_990, 20_000])
def test_lists_of_any_depth_are_a_bad_line(tmp_path: Path, depth: int) -> None:
    line = '{"dag_id": "a", "run_after": 1, "known": true, "levels": ' + "[" * depth + "]" * depth + "}"
    with pytest.raises(HistoryError, match="line 1: "):
        read_history(write(tmp_path, line))


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"POLICIES": "cheap"}, "begins with none of: economy"),
        ({"CONCURRENCY": "0"}, "CONCURRENCY=0: it must be a whole number from 1 to 64"),
        ({"CONCURRENCY": "65"}, "CONCURRENCY=65: it must be a whole number from 1 to 64"),
        ({"MAXIMUM": "0"}, "MAXIMUM=0: it must be a whole number from 1 to 1000"),
        ({"MAXIMUM": "1001"}, "MAXIMUM=1001"),
        ({"PROCESSES": "0"}, "PROCESSES=0"),
        ({"PROCESSES": "two"}, "PROCESSES=two"),
        ({"SEED": "-1"}, "SEED=-1"),
        ({"SEED": "9" * 5000}, "SEED=9"),
        ({"COLD_START": "soon"}, "COLD_START=soon"),
    ],
)
def test_bad_option_is_named(environ: dict[str, str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        read_options(environ)


def test_policies_are_named_as_they_are_printed() -> None:
    options = read_options({"POLICIES": "economy, KEDA, Airflow's chart + zero-kill,MWAA", "COLD_START": "30"})
    assert options.policies == ["economy", "KEDA, Airflow's chart + zero-kill", "MWAA"]
    assert 20 < min(options.setting.cold_starts) < 30 < max(options.setting.cold_starts)
    assert len(read_options({"POLICIES": "all"}).policies) > 30


def test_defaults_and_limits_are_the_template_s() -> None:
    """But not of how many workers: its 10 would be the limit of most histories."""
    parameters = templates.root()["Parameters"]
    concurrency, maximum = parameters["WorkerConcurrency"], parameters["WorkerMaximum"]
    setting = read_options({}).setting
    assert (setting.concurrency, setting.maximum, setting.median_cold_start) == (concurrency["Default"], 200, 73.5)
    assert (concurrency["MaxValue"], maximum["MaxValue"]) == (replay.MOST_CONCURRENCY, replay.MOST_WORKERS)
    assert read_options({"CONCURRENCY": "64", "MAXIMUM": "10"}).setting.maximum == 10


def test_most_is_how_many_workers_there_were_at_once(tmp_path: Path) -> None:
    """20 tasks of an hour take five workers of four slots, or as many as MAXIMUM lets there be."""
    day = read_history(write(tmp_path, {**LINE, "levels": [[3600] * 20]}))
    for maximum, most in (("200", 5), ("3", 3)):
        for policy in ("economy", "MWAA", "fixed at peak"):
            options = read_options({"POLICIES": policy, "MAXIMUM": maximum})
            assert play(day, policy, options).most == most


def test_most_counts_only_what_overlaps(tmp_path: Path) -> None:
    """A run each three hours, and a worker for each: never two."""
    lines = [{**LINE, "run_after": 10_800 * number} for number in range(4)]
    outcome = play(read_history(write(tmp_path, *lines)), "economy", read_options({}))
    assert (outcome.starts, outcome.most) == (4, 1)


def test_runs_that_never_ended_are_told(tmp_path: Path) -> None:
    """One task of three days is cut after two, and one of an hour is not."""
    day = read_history(write(tmp_path, {**LINE, "levels": [[3 * 86400]]}, LINE))
    options = read_options({})
    outcome = play(day, "economy", options)
    (line,) = replay.unfinished({"economy": outcome, "fast": dataclasses.replace(outcome, unfinished=0)})
    assert line.startswith("economy: 1 run had not ended two days after the last began; their hours from then on")
    assert "2 runs had" in replay.unfinished({"economy": dataclasses.replace(outcome, unfinished=2)})[0]
    assert replay.rows({"economy": outcome}, 1.0, {})[0]["unfinished"] == 1


def test_replay_prints_draws_and_writes_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twice the same: the seed decides all that is drawn."""
    history = write(tmp_path, *({**LINE, "run_after": 600 * number} for number in range(12)))
    monkeypatch.setattr(replay.layout, "ROOT", tmp_path)
    monkeypatch.setattr(replay, "ROWS", tmp_path / "build" / "replay.json")
    monkeypatch.setattr(replay, "PICTURE", tmp_path / "build" / "replay.svg")
    monkeypatch.setenv("HISTORY", str(history))
    monkeypatch.setenv("POLICIES", "economy,MWAA")
    monkeypatch.setenv("PROCESSES", "1")
    texts: list[str] = []
    drawn: list[tuple[list[str], float, Path]] = []
    for _ in range(2):
        assert replay.main(lambda outcomes, bound, path: drawn.append((list(outcomes), bound, path))) == 0
        texts.append((tmp_path / "build" / "replay.json").read_text())
    assert texts[0] == texts[1]
    *policies, bound = json.loads(texts[0])
    assert [set(row) for row in policies] == [
        {"policy", "worker_hours", "dollars", "p50", "p95", "p99", "max", "killed", "starts", "most", "unfinished"}
    ] * 2
    assert bound["bound"] == "zero_wait_with_starts"
    assert 0 < bound["worker_hours"] < policies[1]["worker_hours"]
    assert drawn[0][0] == ["economy", "MWAA"]
    assert bound["made_of"] == {
        "history": "history.jsonl",
        "runs": 12,
        "tasks": 36,
        "hours": 1.917,
        "seed": 0,
        "concurrency": 4,
        "cold_start": 73.5,
        "maximum": 200,
        "parallelism": 2000,
        "dollars_per_worker_hour": 0.05826,
    }
    printed = capsys.readouterr().out
    assert "12 runs, 36 tasks, 1.9 hours; seed 0, concurrency 4, cold start 73.5 s, at most 200 workers" in printed
    assert "economy" in printed
    assert "not what MWAA, Astronomer" in printed


@pytest.mark.parametrize(
    ("target", "environment"), [("replay", "benchmarks"), ("bench-scaling", "benchmarks"), ("export-history", "tools")]
)
def test_command_builds_only_the_environment_that_it_runs_in(target: str, environment: str) -> None:
    answer = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", target],
        cwd=layout.ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    setup, command = answer.stdout.splitlines()
    assert setup == f"python3 local/environments.py {environment}"
    assert f".farflow/env/{environment}/bin/python -m benchmarks." in command


def test_bad_input_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And leaves no result of an earlier run, which could be taken for this one's."""
    for name in ("ROWS", "PICTURE"):
        monkeypatch.setattr(replay, name, tmp_path / name)
        (tmp_path / name).write_text("of yesterday")
    monkeypatch.setenv("HISTORY", str(tmp_path / "nowhere"))
    assert replay.main(lambda outcomes, bound, path: None) == 2
    assert "replay: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
