"""The gate: once it is shut, the number of open polls only falls."""

from __future__ import annotations

import threading
from typing import Any

from farflow.work_gate import WorkGate
from farflow.worker_life import Gate


def opened() -> WorkGate:
    gate = WorkGate()
    gate.set(Gate.OPEN)
    return gate


def test_poll_begins_only_while_the_gate_is_open() -> None:
    gate = WorkGate()
    assert not gate.begin_poll()
    gate.set(Gate.OPEN)
    poll = gate.begin_poll()
    assert poll
    assert gate.polls == 1
    for shut in (Gate.SHUT, Gate.GIVING_BACK):
        gate.set(shut)
        assert not gate.begin_poll()
    assert gate.gives_back
    gate.end_poll(poll)
    assert gate.polls == 0


def test_poll_of_a_lost_connection_counts_no_more_also_when_it_is_heard_of_late() -> None:
    gate = opened()
    old = gate.begin_poll()
    gate.forget_polls()
    new = gate.begin_poll()
    gate.end_poll(old)
    assert gate.polls == 1
    gate.end_poll(new)
    assert gate.polls == 0


def test_nothing_opens_the_gate_after_sigterm() -> None:
    gate = opened()
    gate.give_back_for_good()
    assert gate.set(Gate.OPEN) is Gate.GIVING_BACK
    assert gate.set(Gate.SHUT) is Gate.GIVING_BACK
    assert not gate.begin_poll()


class SignalledLock:
    """A lock in whose middle a signal comes, once, to the thread that holds it."""

    def __init__(self, lock: Any, handler: Any) -> None:
        self._lock = lock
        self._handler = handler

    def __enter__(self) -> None:
        self._lock.acquire()
        handler, self._handler = self._handler, lambda: None
        handler()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_signal_in_the_middle_of_a_poll_s_beginning_neither_hangs_nor_hides_the_poll() -> None:
    """The poll either does not begin, or is counted before any other thread can look."""
    gate = opened()
    gate._lock = SignalledLock(gate._lock, gate.give_back_for_good)  # type: ignore[assignment]
    began = gate.begin_poll()
    assert gate.polls == (1 if began else 0)
    assert gate.gives_back
    assert not gate.begin_poll()


def test_number_of_polls_only_falls_once_a_thread_has_shut_the_gate() -> None:
    for _ in range(200):
        gate, ready = opened(), threading.Event()

        def poll(gate: WorkGate = gate, ready: threading.Event = ready) -> None:
            ready.set()
            while connection := gate.begin_poll():
                gate.end_poll(connection)

        thread = threading.Thread(target=poll)
        thread.start()
        ready.wait()
        gate.set(Gate.SHUT)
        counts = [gate.polls for _ in range(20)]
        thread.join()
        assert counts == sorted(counts, reverse=True)
        assert gate.polls == 0
