"""A stack for one test session or benchmark alone, ended with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from local import deploy, layout, services, stack_control


@contextmanager
def started() -> Iterator[layout.Stack]:
    """A fresh stack to which nothing is deployed yet. Raises `StackError` when it does not come up."""
    try:
        yield stack_control.start()
    finally:
        stack_control.stop()


@contextmanager
def deployed(**parameters: str) -> Iterator[layout.Stack]:
    """A fresh stack with the template deployed, its services healthy.

    `parameters` are the template's, where they differ from the local stack's usual ones. Raises `LocalStackError` when
    it does not come up.
    """
    with started() as stack:
        deploy.build()
        deploy.deploy(stack, **parameters)
        services.await_healthy(stack)
        yield stack
