"""A worker process as the templates start it, told to stop or to drain: no message is lost, run twice or stranded."""

from __future__ import annotations

import time

import pytest

from tests.integration.celery_worker.workplace import (
    LONG_POLL_SECONDS,
    POLLING_SECONDS,
    SETTLING_SECONDS,
    SLOTS,
    Workplace,
    workload,
)

HEARD_SECONDS = 0.5
"""A signal is heard by then."""
LATE_SECONDS = 3
"""A worker that does not wait for its poll is gone by then."""


def test_messages_sent_around_sigterm_are_run_once(place: Workplace) -> None:
    """By the worker that was idle then, or by its successor, which does not have to wait for their visibility timeout."""
    sent: list[str] = []
    for before, after in ((0.1, 0.0), (0.0, 0.0), (0.0, LATE_SECONDS)):
        with place.worker() as worker:
            worker.await_poll()
            sent += [place.run(0) for _ in range(SLOTS)] if before else []
            time.sleep(before)
            worker.terminate()
            time.sleep(after)
            sent += [place.run(0) for _ in range(SLOTS)]
            assert worker.await_exit(LONG_POLL_SECONDS + SETTLING_SECONDS) == 0
            assert place.depth[1] == 0, worker.log[-6000:]
    with place.worker() as successor:
        successor.await_phase("accepting")
        successor.await_done(sent)
    place.assert_each_ran_once(sent)


def test_idle_worker_hears_its_last_poll_out(place: Workplace) -> None:
    """One that goes before leaves a poll at SQS which takes the next message along."""
    with place.worker() as worker:
        worker.await_poll()
        worker.terminate()
        assert worker.await_exit(LONG_POLL_SECONDS + SETTLING_SECONDS) == 0
    place.run(0)
    time.sleep(1)
    assert place.depth == (1, 0)


def test_worker_with_a_task_and_a_free_slot_ends_it_at_sigterm_and_takes_no_other(place: Workplace) -> None:
    """Its poll is open: what that brings goes back to the queue at once."""
    with place.worker() as worker:
        worker.await_poll()
        running = [place.run(3)]
        worker.await_begun(running)
        time.sleep(POLLING_SECONDS)
        worker.terminate()
        time.sleep(HEARD_SECONDS)
        waiting = [place.run(0) for _ in range(SLOTS)]
        assert worker.await_exit() == 0
        place.assert_each_ran_once(running)
        assert not set(waiting) & set(place.began)
        assert place.depth == (SLOTS, 0)


def test_worker_drains_is_called_back_drains_again_and_leaves(place: Workplace) -> None:
    with place.worker() as worker:
        worker.await_poll()
        assert worker.agent.protected
        worker.order("drain")
        worker.await_phase("draining")
        time.sleep(2)
        assert worker.item["phase"] == "draining", "its poll is open"
        taken = [place.run(0)]
        worker.await_done(taken)
        worker.await_phase("drained")

        called_back_for = [place.run(0)]
        time.sleep(2)
        assert place.depth == (1, 0)
        worker.order("accept")
        worker.await_done(called_back_for)
        worker.await_phase("accepting")
        assert worker.agent.protected

        worker.order("drain")
        worker.await_phase("draining")
        last = [place.run(0)]
        worker.await_phase("drained")
        waiting = place.run(0)
        at_the_end: list[str] = []
        worker.agent.on_change = lambda _: at_the_end.append(worker.item["phase"])
        worker.order("leave")
        assert worker.await_exit() == 0
        assert at_the_end == ["leaving"]
        assert not worker.agent.protected
        place.assert_each_ran_once(taken + called_back_for + last)
        assert waiting not in place.began
        assert place.depth == (1, 0)


def test_worker_that_is_refused_protection_takes_nothing(place: Workplace) -> None:
    waiting = [place.run(0)]
    with place.worker(refused=True) as worker:
        worker.await_log("DEPLOYMENT_BLOCKED")
        time.sleep(2)
        assert worker.item["phase"] == "starting"
        assert place.depth == (1, 0)
        worker.agent.refuses = False
        worker.await_done(waiting)
        worker.await_phase("accepting")
        assert worker.agent.protected
    place.assert_each_ran_once(waiting)


@pytest.mark.parametrize(
    ("kind", "seconds_left", "state"),
    [("ExecuteTask", 5, "STARTED"), ("ExecuteTask", 600, "FAILURE"), ("ExecuteCallback", 5, "FAILURE")],
)
def test_task_instance_whose_token_runs_out_is_left_to_the_scheduler(
    place: Workplace, kind: str, seconds_left: int, state: str
) -> None:
    """No result tells that its task failed. Another that cannot be run, as here, is told by one; so is a callback."""
    with place.worker() as worker:
        worker.await_phase("accepting")
        task_id = place.send("execute_workload", workload(kind, seconds_left))
        worker.await_log(task_id)
        worker.await_empty_queue()
        assert worker.result(task_id) == state
        assert ("waited for too long" in worker.log) == (state == "STARTED")
        worker.await_done([place.run(0)])
