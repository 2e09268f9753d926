"""What no policy can go below, whatever it knows. In worker-seconds; each holds for the waiting that it names.

Those after the first know all releases and durations. They take each task's release as it is when nothing ever waits; a policy
that lets a root wait shifts what comes after it, and may thereby pack a little better.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from benchmarks.scaling.profile import Profile, profile_of, zero_wait_intervals
from benchmarks.scaling.runs import Run


def work_bound(runs: Sequence[Run], concurrency: int) -> float:
    """(1) All slots in use all the time: for any waiting."""
    return sum(sum(map(sum, run.levels)) for run in runs) / concurrency


def zero_wait_bound(profile: Profile, concurrency: int) -> float:
    """(2) As many workers as the tasks of the moment fill: for no waiting, with starts that cost nothing."""
    return sum((end - begin) * _workers(number, concurrency) for begin, end, number in profile)


def zero_wait_bound_with_starts(profile: Profile, concurrency: int, start_seconds: float) -> float:
    """(3) The same where each start is billed for `start_seconds` in which nothing runs.

    The k-th worker is kept over a gap that is shorter than a start costs (Lu and Chen, https://arxiv.org/abs/1112.0442). Exact
    if tasks could move from worker to worker, so less than anybody can do who does not move them.
    """
    total = zero_wait_bound(profile, concurrency)
    last_use: dict[int, float] = defaultdict(lambda: float("-inf"))
    before = 0
    since_end = float("-inf")
    for begin, end, number in profile:
        workers = _workers(number, concurrency)
        kept = before if begin <= since_end else 0
        for level in range(kept, workers):
            total += min(begin - last_use[level], start_seconds)
        for level in range(workers):
            last_use[level] = end
        before, since_end = workers, end
    return total


def waiting_bound(runs: Sequence[Run], concurrency: int, wait_seconds: float) -> float:
    """(4) For waits of at most `wait_seconds`: what must run however it is shifted, and never less than (1)."""
    mandatory = [(begin + wait_seconds, end) for begin, end in zero_wait_intervals(runs) if begin + wait_seconds < end]
    return max(work_bound(runs, concurrency), zero_wait_bound(profile_of(mandatory), concurrency))


def first_fit(runs: Sequence[Run], concurrency: int, start_seconds: float) -> float:
    """What somebody can do who knows everything and moves nothing: each task at its release to the first worker with a slot.

    A worker is kept over a gap that is shorter than a start costs. From above, what (3) is from below.
    """
    free: list[list[float]] = []
    """By worker, when each of its slots is free."""
    idle_since: list[float] = []
    total = 0.0
    for begin, end in sorted(zero_wait_intervals(runs)):
        place = next((index for index, slots in enumerate(free) if min(slots) <= begin), len(free))
        if place == len(free):
            free.append([float("-inf")] * concurrency)
            idle_since.append(float("-inf"))
        slots = free[place]
        slots[slots.index(min(slots))] = end
        if begin >= idle_since[place]:
            total += min(begin - idle_since[place], start_seconds) + end - begin
            idle_since[place] = end
        elif end > idle_since[place]:
            total += end - idle_since[place]
            idle_since[place] = end
    return total


def _workers(number: int, concurrency: int) -> int:
    return -(-number // concurrency)
