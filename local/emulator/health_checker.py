"""Checks the targets of every target group, all on one thread, and knows how each one is."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from local.emulator import target_health
from local.emulator.target_health import Check, Failure, Health, Target

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.1


@dataclass(frozen=True)
class Group:
    """A target group that receives traffic: its name (an ARN) and how its targets are checked."""

    arn: str
    check: Check


class HealthChecker:
    """The healths of all targets. Safe to call from any thread."""

    def __init__(self, groups: Callable[[], Iterable[Group]]) -> None:
        """`groups` gives the groups whose targets are checked now."""
        self._groups = groups
        self._lock = threading.Lock()
        self._healths: dict[str, dict[Target, Health]] = {}
        self._next_check: dict[tuple[str, Target], float] = {}
        self._drained_at: dict[tuple[str, Target], float] = {}
        self._probes: set[asyncio.Task[None]] = set()
        threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True, name="target-health").start()

    def register(self, arn: str, targets: Iterable[Target], *, deregistration_delay_seconds: float) -> None:
        """Make `targets` all that are registered with the group; those that were and are no more drain."""
        wanted = set(targets)
        with self._lock:
            healths = self._healths.setdefault(arn, {})
            for target in wanted:
                if healths.get(target, target_health.DRAINING).state == "draining":
                    healths[target] = target_health.REGISTERING
                    self._next_check.pop((arn, target), None)
            for target in healths.keys() - wanted:
                if healths[target].state != "draining":
                    healths[target] = target_health.DRAINING
                    self._drained_at[arn, target] = time.monotonic() + deregistration_delay_seconds

    def healths(self, arn: str) -> Mapping[Target, Health]:
        """The health of each target of a group, draining ones included until their delay is over."""
        with self._lock:
            now = time.monotonic()
            healths = self._healths.get(arn, {})
            for target in [target for target, health in healths.items() if health.state == "draining"]:
                if self._drained_at[arn, target] <= now:
                    del healths[target], self._drained_at[arn, target]
            return dict(healths)

    async def _run(self) -> None:
        while True:
            try:
                for group in self._groups():
                    if group.check.enabled:
                        self._check_due(group)
            except Exception:
                logger.exception("targets could not be checked")
            await asyncio.sleep(TICK_SECONDS)

    def _check_due(self, group: Group) -> None:
        now = time.monotonic()
        for target, health in self.healths(group.arn).items():
            if health.state != "draining" and self._next_check.get((group.arn, target), 0.0) <= now:
                self._next_check[group.arn, target] = now + group.check.interval_seconds
                probe = asyncio.create_task(self._check(group, target))
                self._probes.add(probe)
                probe.add_done_callback(self._probes.discard)

    async def _check(self, group: Group, target: Target) -> None:
        failure = await _probe(group.check, target)
        with self._lock:
            health = self._healths.get(group.arn, {}).get(target)
            if health is not None and health.state != "draining":
                self._healths[group.arn][target] = health.after(group.check, failure)


async def _probe(check: Check, target: Target) -> Failure | None:
    """One check, as the load balancer makes it: a GET on a connection of its own. None: passed."""
    host, port = target[0], check.port or target[1]
    try:
        async with asyncio.timeout(check.timeout_seconds):
            reader, writer = await asyncio.open_connection(
                host, port, ssl=_any_certificate() if check.protocol == "HTTPS" else None
            )
            try:
                writer.write(
                    f"GET {check.path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n"
                    "User-Agent: ELB-HealthChecker/2.0\r\nAccept-Encoding: gzip, compressed\r\n\r\n".encode()
                )
                status_line = await reader.readline()
            finally:
                writer.close()
        return target_health.judge(check, int(status_line.split()[1]))
    except TimeoutError:
        return target_health.TIMEOUT
    except (OSError, ValueError, IndexError):
        return target_health.BROKEN


def _any_certificate() -> ssl.SSLContext:
    """A load balancer does not validate its targets' certificates."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
