"""A worker process as the templates start it, told to stop or to drain: no message is lost, run twice or stranded."""

from __future__ import annotations

import time

from tests.integration.celery_worker.workplace import POLLING_SECONDS, SLOTS, Worker, Workplace
from tests.waiting import eventually

LONG_POLL_SECONDS = 20
REPORT_SECONDS = 10
HEARD_SECONDS = 0.5
"""A signal is heard by then."""
LATE_SECONDS = 3
"""A worker that does not wait for its poll is gone by then."""
SETTLING_SECONDS = 10
"""Far below the queue's visibility timeout."""


def begun(place: Workplace, worker: Worker, names: list[str]) -> None:
    eventually(lambda: set(names) <= set(place.began), 10, "the tasks begin", context=lambda: worker.log[-4000:])


def await_done(place: Workplace, worker: Worker, names: list[str]) -> None:
    eventually(lambda: set(names) <= set(place.ended), 10, "the tasks end", context=lambda: worker.log[-4000:])
    eventually(lambda: place.depth == (0, 0), SETTLING_SECONDS, "their messages are deleted")


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
            assert place.depth[1] == 0
    with place.worker() as successor:
        await_done(place, successor, sent)
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
        begun(place, worker, running)
        time.sleep(POLLING_SECONDS)
        worker.terminate()
        time.sleep(HEARD_SECONDS)
        waiting = [place.run(0) for _ in range(SLOTS)]
        assert worker.await_exit(SETTLING_SECONDS) == 0
        place.assert_each_ran_once(running)
        assert not set(waiting) & set(place.began)
        assert place.depth == (SLOTS, 0)


def test_worker_drains_is_called_back_drains_again_and_leaves(place: Workplace) -> None:
    with place.worker() as worker:
        worker.await_poll()
        assert worker.agent.protected
        worker.order("drain")
        worker.await_phase("draining", REPORT_SECONDS)
        time.sleep(2)
        assert worker.item["phase"] == "draining", "its poll is open"
        taken = [place.run(0)]
        await_done(place, worker, taken)
        worker.await_phase("drained", REPORT_SECONDS)

        called_back_for = [place.run(0)]
        time.sleep(2)
        assert place.depth == (1, 0)
        worker.order("accept")
        await_done(place, worker, called_back_for)
        worker.await_phase("accepting", REPORT_SECONDS)
        assert worker.agent.protected

        worker.order("drain")
        worker.await_phase("draining", REPORT_SECONDS)
        last = [place.run(0)]
        worker.await_phase("drained", REPORT_SECONDS)
        waiting = place.run(0)
        at_the_end: list[str] = []
        worker.agent.on_change = lambda _: at_the_end.append(worker.item["phase"])
        worker.order("leave")
        assert worker.await_exit(REPORT_SECONDS + SETTLING_SECONDS) == 0
        assert at_the_end == ["leaving"]
        assert not worker.agent.protected
        place.assert_each_ran_once(taken + called_back_for + last)
        assert waiting not in place.began
        assert place.depth == (1, 0)


def test_worker_that_is_refused_protection_takes_nothing(place: Workplace) -> None:
    waiting = [place.run(0)]
    with place.worker(refused=True) as worker:
        eventually(lambda: "DEPLOYMENT_BLOCKED" in worker.log, 30, "it is refused", context=lambda: worker.log[-4000:])
        time.sleep(2)
        assert worker.item["phase"] == "starting"
        assert place.depth == (1, 0)
        worker.agent.refuses = False
        await_done(place, worker, waiting)
        worker.await_phase("accepting", REPORT_SECONDS)
        assert worker.agent.protected
    place.assert_each_ran_once(waiting)
