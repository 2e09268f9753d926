"""The demo's record: `local.timeline`."""

import json
from pathlib import Path

import pytest

from local.timeline import DagOutcome, Timeline


def test_record_has_the_promised_shape(tmp_path: Path) -> None:
    timeline = Timeline()
    with timeline.step("boot") as step:
        step.detail = "at 127.0.0.1"
    timeline.dags.append(DagOutcome("a", "success", 1.5))
    timeline.complete = True
    timeline.write(tmp_path / "build" / "demo.json")
    record = json.loads((tmp_path / "build" / "demo.json").read_text())
    assert record["ok"] is True
    assert record["dags"] == [{"dag_id": "a", "state": "success", "seconds": 1.5}]
    (step_record,) = record["steps"]
    assert step_record.keys() == {"name", "seconds", "ok", "detail"}


def test_failed_step_fails_the_record_and_keeps_the_reason() -> None:
    timeline = Timeline()
    with pytest.raises(ValueError, match="no room"), timeline.step("boot"):
        raise ValueError("no room")
    timeline.complete = True
    assert not timeline.ok
    assert timeline.steps[0].detail == "no room"


def test_story_that_broke_off_between_steps_is_no_success() -> None:
    timeline = Timeline()
    with timeline.step("shut down"):
        pass
    assert not timeline.ok


def test_step_that_was_done_before_keeps_its_own_time() -> None:
    timeline = Timeline()
    with timeline.step("set up") as step:
        step.took(42.0)
    assert timeline.steps[0].seconds == 42.0
