"""What Airflow's trigger rules make of a task, given how those that it waits for ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

FAILED = frozenset({"failed", "upstream_failed"})


class Verdict(StrEnum):
    """What becomes of a task now."""

    WAIT = "wait"
    RUN = "run"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"


class _Upstream:
    """How the upstream tasks ended; None is not yet."""

    def __init__(self, outcomes: Sequence[str | None]) -> None:
        self.total = len(outcomes)
        self.done = sum(1 for outcome in outcomes if outcome is not None)
        self.failed = sum(1 for outcome in outcomes if outcome in FAILED)
        self.skipped = sum(1 for outcome in outcomes if outcome == "skipped")
        self.succeeded = self.done - self.failed - self.skipped

    @property
    def all_done(self) -> bool:
        return self.done == self.total


_RUNS: Mapping[str, Callable[[_Upstream], bool]] = {
    "all_success": lambda up: up.succeeded == up.total,
    "all_failed": lambda up: up.failed == up.total,
    "all_done": lambda up: up.all_done,
    "all_done_min_one_success": lambda up: up.all_done and up.succeeded > 0,
    # Of its setups and of the others alike, which is stricter than Airflow: a teardown may run after failed tasks.
    "all_done_setup_success": lambda up: up.all_done and up.succeeded > 0,
    "all_skipped": lambda up: up.skipped == up.total,
    "always": lambda _: True,
    "none_failed": lambda up: up.all_done and not up.failed,
    "none_failed_min_one_success": lambda up: up.all_done and not up.failed and up.succeeded > 0,
    "none_skipped": lambda up: up.all_done and not up.skipped,
    "one_done": lambda up: up.succeeded + up.failed > 0,
    "one_failed": lambda up: up.failed > 0,
    "one_success": lambda up: up.succeeded > 0,
}
_DOOMED_BY_FAILURE = frozenset({"all_success", "none_failed", "none_failed_min_one_success"})
"""Rules that do not wait for the rest once something failed."""


def verdict(rule: str, outcomes: Iterable[str | None]) -> Verdict:
    """For a task with this rule. An unknown rule is taken for `all_done`."""
    upstream = _Upstream(tuple(outcomes))
    if not upstream.total or _RUNS.get(rule, _RUNS["all_done"])(upstream):
        return Verdict.RUN
    if rule in _DOOMED_BY_FAILURE and upstream.failed:
        return Verdict.UPSTREAM_FAILED
    if rule == "all_success" and upstream.skipped:
        return Verdict.SKIPPED
    if not upstream.all_done:
        return Verdict.WAIT
    return Verdict.UPSTREAM_FAILED if upstream.failed else Verdict.SKIPPED
