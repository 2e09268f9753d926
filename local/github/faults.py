"""What is to go wrong: set by `PUT /_local/faults`, used up by the events and calls that meet it."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field, fields
from typing import Any

DROP_CONNECTION = 0
"""As a status: the connection ends without an answer."""


class FaultError(ValueError):
    """What was asked for is no fault; the message lists those there are."""


@dataclass
class ApiFault:
    """The next `count` API calls whose `METHOD /path` matches `call` are answered with `status` and `headers`."""

    count: int
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    call: str = ""
    message: str = "a fault that was asked for"


@dataclass
class Faults:
    """All of them; a restart of the process clears them."""

    lose_webhooks: int = 0
    """The next events leave no trace: not sent, not listed."""
    fail_webhooks: int = 0
    """The next deliveries do not reach their receiver; they are listed as failed."""
    webhook_delay_seconds: float = 0.0
    webhook_timeout_seconds: float = 10.0
    api: list[ApiFault] = field(default_factory=list)
    api_delay_seconds: float = 0.0
    rate_limit_remaining: int | None = None
    """Calls that the rate limit allows until its reset; None is all of them."""
    points_per_minute: int | None = 900
    """No fault but GitHub's own secondary limit for one endpoint, 1 for a GET and 5 for others; None lifts it."""
    corrupt_blobs: int = 0
    """The next blobs are answered with content of another SHA."""
    truncate_trees_at: int | None = None
    """Trees of more entries are cut there, and say so."""
    cut_archives: int = 0
    """The next archives end in their middle."""
    bomb_archives: int = 0
    """The next archives are of few bytes and inflate to many."""
    archives_of: str | None = None
    """The commit whose archive is sent, whichever is asked for."""
    archives_from: str | None = None
    """The file that is sent instead of any archive."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def replace(self, wanted: dict[str, Any]) -> None:
        """Exactly these from now on. Raises `FaultError`."""
        known = {each.name for each in fields(self) if not each.name.startswith("_")}
        if unknown := sorted(set(wanted) - known):
            raise FaultError(f"no faults: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        try:
            fresh = Faults(**{**wanted, "api": [ApiFault(**each) for each in wanted.get("api", [])]})
            for fault in fresh.api:
                re.compile(fault.call)
        except (TypeError, re.error) as error:
            raise FaultError(f"a fault is malformed: {error}") from error
        with self._lock:
            for name in known:
                setattr(self, name, getattr(fresh, name))

    def take(self, name: str) -> bool:
        """Whether the next one is to meet this fault; it is one less then."""
        with self._lock:
            left = getattr(self, name)
            if left:
                setattr(self, name, left - 1)
            return bool(left)

    def take_api(self, call: str) -> ApiFault | None:
        """The first fault left that `call`, as `GET /path`, is to meet."""
        with self._lock:
            for fault in self.api:
                if fault.count > 0 and re.search(fault.call, call):
                    fault.count -= 1
                    return fault
            return None
