"""Waiting for what a test expects to see."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest


def eventually[T](
    look: Callable[[], T], seconds: float, what: str, *, pause_seconds: float = 0.5, context: Callable[[], str] = str
) -> T:
    """Look until there is something true to see. Fails after `seconds` with what was seen last, and the `context`."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what}; last seen: {seen!r}\n{context()}")
        time.sleep(pause_seconds)
