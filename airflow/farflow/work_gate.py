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
