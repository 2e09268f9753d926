"""A workload's text, what it is worth by its age, and when it is measured again."""

import base64
import zlib

import pytest

from control_plane.worker_scaling.workload import Running, Work, Workload
from control_plane.worker_scaling.workload_text import WorkloadTextError, from_text, to_text
from worker_scaler.freshness import FRESH_SECONDS, USEFUL_SECONDS, worth
from workload_metrics.ticking import next_tick

NOW = 1_800_000_000.0
WORKLOAD = Workload(
    NOW,
    running=(Running("ip-10-0-1-2.ec2.internal", NOW + 30.5),),
    waiting=(Work(NOW - 3.5, 12.0, 40),),
    foreseen=(Work(NOW + 60.0, 5.0), Work(NOW + 65.0, 7.5, 3)),
    unforeseen_slots=1.25,
)


def test_workload_survives_its_text() -> None:
    assert from_text(to_text(WORKLOAD)) == WORKLOAD


def test_workload_of_ten_thousand_task_instances_fits_an_item() -> None:
    """An item of the state table holds 400 KB."""
    running = tuple(
        Running(f"ip-10-0-{number % 250}-{number % 97}.ec2.internal", NOW + number * 0.7) for number in range(8000)
    )
    waiting = tuple(Work(NOW - number * 0.3, 10.0 + number % 500) for number in range(2000))
    assert len(to_text(Workload(NOW, running=running, waiting=waiting))) < 200_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no base 85 \x00",
        base64.b85encode(b"not compressed").decode(),
        base64.b85encode(zlib.compress(b"[]")).decode(),
        base64.b85encode(zlib.compress(b'{"format": 2}')).decode(),
        base64.b85encode(zlib.compress(b'{"format": 1}')).decode(),
    ],
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(WorkloadTextError):
        from_text(text)


def test_young_observation_counts_an_older_one_only_to_grow_and_an_old_one_not() -> None:
    assert worth(WORKLOAD, NOW + FRESH_SECONDS) == WORKLOAD
    late = worth(WORKLOAD, NOW + FRESH_SECONDS + 1)
    assert late is not None
    assert not late.is_complete
    assert worth(WORKLOAD, NOW + USEFUL_SECONDS + 1) is None
    assert worth(None, NOW) is None


def test_busy_minute_has_six_looks_and_an_idle_one_one() -> None:
    ticks, at = [0.0], next_tick(0.0, 0.3, busy=True)
    while at is not None:
        ticks.append(at)
        at = next_tick(0.0, at + 0.3, busy=True)
    assert ticks == [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]
    assert next_tick(0.0, 0.3, busy=False) is None


def test_look_that_took_long_is_not_made_up_for() -> None:
    assert next_tick(0.0, 27.0, busy=True) == 30.0
    assert next_tick(0.0, 30.0, busy=True) == 40.0
    assert next_tick(0.0, 55.0, busy=True) is None
