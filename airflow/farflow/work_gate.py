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

    def set(self, gate: Gate) -> None:
        with self._lock:
            self._gate = gate

    def begin_poll(self) -> bool:
        """Whether a poll may begin; it then counts until `end_poll`."""
        with self._lock:
            if self._gate is not Gate.OPEN:
                return False
            self._polls += 1
            return True

    def end_poll(self) -> None:
        """The poll's messages, if any, are in hand or given back."""
        with self._lock:
            self._polls -= 1

    def forget_polls(self) -> None:
        """A new connection to the broker: nobody hears the old one's polls any more."""
        with self._lock:
            self._polls = 0

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
