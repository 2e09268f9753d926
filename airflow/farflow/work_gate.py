"""The gate between the work queue and a worker: shared by Celery's event loop, which polls, and the keeper, which decides."""

from __future__ import annotations

import threading

from farflow.worker_life import Gate


class WorkGate:
    """Counts open polls. To shut it and to begin a poll exclude each other: once it is shut, the count only falls."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler may shut the gate while its own thread begins a poll
        self._gate = Gate.SHUT
        self._polls = 0
        self._connection = 1
        self._is_final = False

    def set(self, gate: Gate) -> Gate:
        """Returns how the gate is now: once it gives back for good, nothing changes that."""
        with self._lock:
            if not self._is_final:
                self._gate = gate
            return self._gate

    def give_back_for_good(self) -> None:
        """Safe in a signal handler, also against a `set` that another thread has begun."""
        with self._lock:
            self._gate = Gate.GIVING_BACK
            self._is_final = True

    def begin_poll(self) -> int:
        """The number of the broker's connection, for `end_poll`, until which the poll counts; 0 when none may begin."""
        with self._lock:
            if self._gate is not Gate.OPEN:
                return 0
            self._polls += 1
            return self._connection

    def end_poll(self, connection: int) -> None:
        """The poll's messages, if any, are in hand or given back. One of a former connection counts no more."""
        with self._lock:
            if connection == self._connection:
                self._polls -= 1

    def forget_polls(self) -> None:
        """A new connection to the broker: nobody need hear the old one's polls any more."""
        with self._lock:
            self._polls = 0
            self._connection += 1

    @property
    def gives_back(self) -> bool:
        """Whether what an open poll brings goes back to the queue."""
        return self._gate is Gate.GIVING_BACK

    @property
    def polls(self) -> int:
        with self._lock:
            return self._polls


GATE = WorkGate()
"""Of this process, which is one worker."""
