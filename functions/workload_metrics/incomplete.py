"""What is missing of a look: noted, and the look goes on with what it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from control_plane.observability import logger


class IncompleteError(RuntimeError):
    """Something could not be measured, or kept; the message says what."""


@contextmanager
def noted(missing: list[IncompleteError], what: str) -> Iterator[None]:
    """Whatever fails within is noted, with its trace in the log.

    Also a mistake in the forecast must not keep a fleet from growing by what the queue tells.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - it fails the invocation, when everything else was tried
        logger.warning("not all could be measured", exc_info=True, extra={"what": what})
        missing.append(IncompleteError(f"{what}: {error}"))
