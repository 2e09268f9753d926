"""A loopback address for each ECS task, as a network interface of its own would give it on AWS.

The local AWS listens on one port of 127.0.0.1, and no two stacks of a machine can hold
the same one. The two bytes of that port therefore name a /24 of the loopback range
that belongs to this stack alone: port 45660 (0xB25C) owns 127.178.92.0/24. A task can
bind any port there without meeting another task, another stack or the user's own servers.
"""

from __future__ import annotations

import threading

from local.errors import LocalStackError


class NoAddressLeftError(LocalStackError):
    """More tasks run at once than the stack's /24 has addresses."""


class TaskAddresses:
    """Hands out the addresses .2 to .254 of the stack's subnet; .1 is the stack's own."""

    def __init__(self, aws_port: int) -> None:
        self._prefix = f"127.{aws_port >> 8}.{aws_port & 0xFF}"
        self._free = list(range(2, 255))
        self._lock = threading.Lock()

    @property
    def gateway(self) -> str:
        """The stack's own address, where its proxies listen."""
        return f"{self._prefix}.1"

    def take(self) -> str:
        """The address that was free for longest: a port in TIME_WAIT gets time to clear."""
        with self._lock:
            if not self._free:
                raise NoAddressLeftError("253 tasks run already; the local stack has no more addresses")
            return f"{self._prefix}.{self._free.pop(0)}"

    def give_back(self, address: str) -> None:
        with self._lock:
            self._free.append(int(address.rpartition(".")[2]))
