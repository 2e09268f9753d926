"""How many slots the work of a day would hold if nothing ever waited. Times are seconds."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence

from benchmarks.scaling.runs import Run

type Profile = list[tuple[float, float, int]]
"""Pieces of time without change, in their order: from, to, slots held. Without those that hold none."""


def zero_wait_intervals(runs: Sequence[Run]) -> list[tuple[float, float]]:
    """From when until when each task would run; runs beyond the limit of their DAG begin when an earlier one ends."""
    intervals: list[tuple[float, float]] = []
    ends: dict[str, list[float]] = {}
    for run in sorted(runs, key=lambda each: each.run_after):
        begin = run.run_after
        if run.max_active:
            active = ends.setdefault(run.dag_id, [])
            if len(active) >= run.max_active:
                begin = max(begin, heapq.heappop(active))
        for index, level in enumerate(run.levels):
            begin += run.pause(index)
            intervals.extend((begin, begin + seconds) for seconds in level)
            begin += max(level, default=0.0)
        if run.max_active:
            heapq.heappush(ends[run.dag_id], begin)
    return intervals


def zero_wait_profile(runs: Sequence[Run]) -> Profile:
    return profile_of(zero_wait_intervals(runs))


def profile_of(intervals: Sequence[tuple[float, float]]) -> Profile:
    """How many of the intervals there are at each time."""
    changes = sorted([(begin, 1) for begin, _ in intervals] + [(end, -1) for _, end in intervals])
    return list(_pieces(deque(changes)))


def _pieces(changes: deque[tuple[float, int]]) -> Iterator[tuple[float, float, int]]:
    number, since = 0, 0.0
    while changes:
        at, change = changes.popleft()
        if at > since:
            if number:
                yield since, at, number
            since = at
        number += change
