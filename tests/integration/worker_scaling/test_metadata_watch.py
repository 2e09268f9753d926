"""The metadata database's forecast while what was learnt cannot be read or kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration import state_table
from workload_metrics import metadata_watch
from workload_metrics.durations import Durations, Learnt
from workload_metrics.incomplete import IncompleteError
from workload_metrics.learnt_state import LearntState
from workload_metrics.metadata_watch import RELEARN_SECONDS, MetadataWatch
from workload_metrics.observation import Instances, Observation
from workload_metrics.unforeseen import UnforeseenSlots

NOW = 1_000_000.0


class Settings:
    parallelism, schedulers = 128, 1


class Connection:
    closed = False


@pytest.fixture
def learnt(dynamodb: Any) -> LearntState:
    state = LearntState(dynamodb, state_table.NAME)
    state.save_durations(Durations({"dag": {"task": Learnt(50.0)}}))
    state.save_unforeseen(UnforeseenSlots(NOW, {"default": 8.0}))
    return state


@pytest.fixture
def watch(learnt: LearntState, monkeypatch: pytest.MonkeyPatch) -> MetadataWatch:
    queued = Instances("dag", "run", "task", "queued", "default", None, "default_pool", 1, 1, since=NOW)
    seen = MetadataWatch(Settings(), None, learnt, ["default"])  # type: ignore[arg-type]
    monkeypatch.setattr(metadata_watch.metadata_database, "observe", lambda *_: (Observation(NOW, (queued,)), {}))
    monkeypatch.setattr(seen, "_connect", Connection)
    return seen


def fails(*_: object) -> None:
    raise ConnectionError("throttled")


def test_nothing_is_missing_when_all_answers(watch: MetadataWatch) -> None:
    missing: list[IncompleteError] = []
    found = watch.workloads(NOW, 100.0, missing)["default"]
    assert missing == []
    assert (found.waiting[0].seconds, found.unforeseen_slots) == (50.0, 8.0)


@pytest.mark.parametrize("what", ["unforeseen", "save_unforeseen", "durations"])
def test_forecast_goes_on_with_what_is_remembered_and_tells(
    watch: MetadataWatch, learnt: LearntState, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    watch.workloads(NOW, 100.0, [])
    with monkeypatch.context() as broken:
        broken.setattr(learnt, what, fails)
        missing: list[IncompleteError] = []
        found = watch.workloads(NOW + RELEARN_SECONDS + 1, 100.0, missing)["default"]
    assert ["throttled" in str(error) for error in missing] == [True]
    assert found.waiting[0].seconds == 50.0
    assert found.unforeseen_slots == pytest.approx(8.0 * 0.513, rel=0.01)
    assert "durations" not in missing[0].args[0] or what == "durations"


def test_mean_that_could_not_be_read_is_not_overwritten(
    watch: MetadataWatch, learnt: LearntState, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Callable[[], UnforeseenSlots | None] = learnt.unforeseen
    with monkeypatch.context() as broken:
        broken.setattr(learnt, "unforeseen", fails)
        watch.workloads(NOW + 1, 100.0, [])
    assert read() == UnforeseenSlots(NOW, {"default": 8.0})
