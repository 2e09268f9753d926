"""How a play of the scheduler starts: what an observation finds, put into it."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from .dag_structure import Task
from .durations import RESUMED_SECONDS, residual_seconds
from .observation import Instances
from .retry_time import retry_at
from .run_play import RunPlay, outcome_of
from .scheduler_play import SchedulerPlay

FINAL = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


def start(play: SchedulerPlay) -> None:
    """Put in what was seen: the runs and how far they are, their task instances, and the runs to come."""
    _enter_runs(play)
    for each in play.seen.instances:
        _enter_instances(play, each)
    for run in play.runs.values():
        play.consider_all(run)
    _enter_queued_runs(play)
    _enter_schedule(play)


def _enter_runs(play: SchedulerPlay) -> None:
    for seen in play.seen.runs:
        play.take_run(seen.dag_id, seen.backfill_id)
        structure = play.structure(seen.dag_id, seen.version_id)
        if structure is not None:
            play.runs[seen.dag_id, seen.run_id] = RunPlay(
                seen.dag_id, seen.run_id, seen.logical_date, seen.backfill_id, structure
            )
    _enter_progress(play)
    for run in play.runs.values():
        for task_id in run.structure.tasks:
            if not run.open.get(task_id):
                run.outcomes[task_id] = outcome_of(run.ended.get(task_id, ()))


def _enter_progress(play: SchedulerPlay) -> None:
    for each in play.seen.progress:
        run = play.runs.get((each.dag_id, each.run_id))
        if run is None or each.task_id not in run.structure.tasks:
            continue
        if each.state in FINAL:
            run.ended.setdefault(each.task_id, set()).add(each.state)
            continue
        run.open[each.task_id] = run.open.get(each.task_id, 0) + each.count
        if each.state is None:
            run.fresh[each.task_id] = run.fresh.get(each.task_id, 0) + each.count
            if each.is_unmapped and run.structure.tasks[each.task_id].is_mapped:
                run.unexpanded.add(each.task_id)


def _enter_instances(play: SchedulerPlay, each: Instances) -> None:
    run = play.runs.get((each.dag_id, each.run_id))
    task = run.structure.tasks.get(each.task_id) if run else None
    seconds = play.seconds(each.dag_id, each.task_id)
    then = play.after(each, run, task)
    match each.state:
        case "running" | "restarting":
            left = RESUMED_SECONDS if each.is_resumed else residual_seconds(seconds, play.age(each))
            play.note_running(each, play.now + left)
            play.hold(play.limits.demand(each), each.count, left, then)
        case "queued":
            play.note(play.waiting, each, play.since(each), seconds, each.count)
            play.hold(play.limits.demand(each), each.count, seconds, then)
        case "deferred":
            _enter_deferred(play, each, run, task)
        case "awaiting_input":
            play.take(play.limits.demand_of_deferred(each, holds_pool=False), each.count)
        case _:
            at = _wanted_at(play, each, task)
            if at is not None and each.run_state == "running" and play.is_active(each.dag_id):
                play.at(at, lambda: play.ask(each, each.count, seconds, then))


def _wanted_at(play: SchedulerPlay, each: Instances, task: Task | None) -> float | None:
    """When the scheduler will want a slot for what has none."""
    match each.state:
        case "scheduled":
            return play.now
        case "up_for_retry" if task is not None:
            return retry_at(each, task)
        case "up_for_reschedule":
            return each.rescheduled_to
        case _:
            return None


def _enter_deferred(play: SchedulerPlay, each: Instances, run: RunPlay | None, task: Task | None) -> None:
    """Its trigger is taken to fire when the task has taken as long as it usually does, if that is known."""
    demand = play.limits.demand_of_deferred(each)
    play.take(demand, each.count)
    if each.since is not None and play.durations.is_known(each.dag_id, each.task_id):
        usual = play.durations.seconds(each.dag_id, each.task_id)
        resumed = replace(each, is_resumed=True)
        play.at(
            play.now + residual_seconds(usual, play.age(each)),
            lambda: play.resume(resumed, demand, play.after(resumed, run, task)),
        )


def _enter_queued_runs(play: SchedulerPlay) -> None:
    for queued in play.seen.queued_runs:
        if play.is_active(queued.dag_id):
            play.ask_run(queued.dag_id, queued.backfill_id, queued.count)


def _enter_schedule(play: SchedulerPlay) -> None:
    for dag in play.seen.dags.values():
        if dag.next_run_at is None or dag.is_paused:
            continue
        structure = play.structure(dag.dag_id, None)
        if structure is None:
            continue
        at = dag.next_run_at
        period = structure.period_seconds or dag.data_interval_seconds or math.inf
        while at <= play.until:
            play.at(at, partial(play.ask_run, dag.dag_id, None, 1))
            at = max(at, play.now) + period
