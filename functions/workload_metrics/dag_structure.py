"""What a serialized DAG says of its tasks: who waits for whom, and which limits each has.

The format is Airflow's own (`airflow/serialization/schema.json`, version 3): attributes with their default value are left
out, those of a mapped task stand in `partial_kwargs`.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

KNOWN_VERSIONS = frozenset({2, 3})
"""2 differs from 3 in optional fields only (`serialized_objects.py:conversion_v2_to_v3`)."""

DEFAULT_POOL = "default_pool"
DEFAULT_RETRY_DELAY_SECONDS = 300.0


class UnknownStructureError(ValueError):
    """The serialized DAG is of a format that is not known; nothing is foreseen of it."""


@dataclass(frozen=True)
class Task:
    """One task of a DAG."""

    task_id: str
    queue: str | None = None
    """None is Airflow's default queue."""
    executor: str | None = None
    pool: str = DEFAULT_POOL
    pool_slots: int = 1
    retry_delay_seconds: float = DEFAULT_RETRY_DELAY_SECONDS
    retry_exponential_backoff: float = 0.0
    max_retry_delay_seconds: float | None = None
    max_active_tis_per_dag: int | None = None
    max_active_tis_per_dagrun: int | None = None
    trigger_rule: str = "all_success"
    priority_weight: int = 1
    """As the scheduler orders by it: with the weights of the tasks below or above where the DAG says so."""
    is_mapped: bool = False
    """Itself, or a task group around it."""
    is_rescheduled: bool = False
    """A sensor that gives its slot back between two looks."""
    starts_deferred: bool = False
    """It begins in the triggerer, without a slot."""
    takes_slot: bool = True
    """False of an EmptyOperator: the scheduler itself marks it as done."""
    upstream: frozenset[str] = frozenset()
    downstream: frozenset[str] = frozenset()


@dataclass(frozen=True)
class DagStructure:
    """One version of a DAG."""

    dag_id: str
    tasks: Mapping[str, Task]
    period_seconds: float | None = None
    """Of schedules that are shorter than any look ahead: between two runs; None is not known or longer."""


def load(data: object, compressed: bytes | None = None) -> DagStructure:
    """From the columns `data` and `data_compressed` of `serialized_dag`. Raises `UnknownStructureError`."""
    try:
        if isinstance(data, str | bytes):
            data = json.loads(data)
        elif data is None and compressed is not None:
            data = json.loads(zlib.decompress(compressed))
        return parse(data)
    except (ValueError, zlib.error) as error:
        raise error if isinstance(error, UnknownStructureError) else UnknownStructureError(str(error)) from error


def parse(data: Any) -> DagStructure:
    """From the decoded JSON. Raises `UnknownStructureError`."""
    try:
        version = data["__version"]
        if version not in KNOWN_VERSIONS:
            raise UnknownStructureError(f"the serialized DAG is of version {version!r}, which is not known")
        dag = data["dag"]
        defaults = data.get("client_defaults", {}).get("tasks", {})
        mapped = set(_in_mapped_groups(dag["task_group"], within=False))
        raw = [{**defaults, **task["__var"]} for task in dag["tasks"]]
        downstream = {task["task_id"]: frozenset(task.get("downstream_task_ids", ())) for task in raw}
        upstream = _reversed(downstream)
        weights = _weights(raw, upstream, downstream)
        tasks = {
            task["task_id"]: _task(
                task,
                weights[task["task_id"]],
                upstream[task["task_id"]],
                downstream[task["task_id"]],
                in_mapped_group=task["task_id"] in mapped,
            )
            for task in raw
        }
        return DagStructure(dag["dag_id"], tasks, _period(dag.get("timetable") or {}))
    except (KeyError, TypeError, AttributeError, CycleError) as error:
        raise UnknownStructureError(f"the serialized DAG is not as expected: {error!r}") from error


def _task(
    raw: Mapping[str, Any], weight: int, upstream: frozenset[str], downstream: frozenset[str], *, in_mapped_group: bool
) -> Task:
    is_mapped = bool(raw.get("_is_mapped"))
    field = {**raw, **raw.get("partial_kwargs", {})} if is_mapped else raw
    return Task(
        task_id=raw["task_id"],
        queue=field.get("queue"),
        executor=field.get("executor"),
        pool=field.get("pool") or DEFAULT_POOL,
        pool_slots=int(field.get("pool_slots", 1)),
        retry_delay_seconds=_seconds(field.get("retry_delay"), DEFAULT_RETRY_DELAY_SECONDS),
        retry_exponential_backoff=_backoff(field.get("retry_exponential_backoff")),
        max_retry_delay_seconds=_seconds(field.get("max_retry_delay"), None),
        max_active_tis_per_dag=field.get("max_active_tis_per_dag"),
        max_active_tis_per_dagrun=field.get("max_active_tis_per_dagrun"),
        trigger_rule=str(field.get("trigger_rule", "all_success")),
        priority_weight=weight,
        is_mapped=is_mapped or in_mapped_group,
        is_rescheduled=bool(field.get("reschedule")) or field.get("mode") == "reschedule",
        starts_deferred=bool(field.get("start_from_trigger")),
        takes_slot=_takes_slot(field),
        upstream=upstream,
        downstream=downstream,
    )


def _takes_slot(field: Mapping[str, Any]) -> bool:
    """The scheduler's own rule: `TaskInstance.is_task_schedulable`."""
    reasons = ("has_on_execute_callback", "has_on_success_callback", "outlets", "inlets")
    return not field.get("_is_empty") or any(field.get(name) for name in reasons)


def _seconds[Default](value: Any, default: Default) -> float | Default:
    """A duration, which is a number, or wrapped where it stands in `partial_kwargs`."""
    if isinstance(value, Mapping):
        value = value["__var"]
    return default if value is None else float(value)


def _backoff(value: Any) -> float:
    """Airflow's `MappedOperator.retry_exponential_backoff`: true is a factor of 2."""
    return 2.0 if value is True else float(value or 0.0)


def _in_mapped_groups(group: Mapping[str, Any], *, within: bool) -> Iterator[str]:
    within = within or bool(group.get("is_mapped"))
    for kind, child in group["children"].values():
        if kind == "taskgroup":
            yield from _in_mapped_groups(child, within=within)
        elif within:
            yield child


def _reversed(downstream: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    upstream: dict[str, set[str]] = {task_id: set() for task_id in downstream}
    for task_id, below in downstream.items():
        for other in below:
            upstream[other].add(task_id)
    return {task_id: frozenset(above) for task_id, above in upstream.items()}


def _weights(
    raw: list[dict[str, Any]], upstream: Mapping[str, frozenset[str]], downstream: Mapping[str, frozenset[str]]
) -> dict[str, int]:
    """Airflow's weight rules: a task's own weight, with those of all below (the default) or of all above."""
    own, rules = {}, {}
    for task in raw:
        field = {**task, **task.get("partial_kwargs", {})}
        own[task["task_id"]] = int(field.get("priority_weight", 1))
        rules[task["task_id"]] = field.get("weight_rule", "downstream")
    bits = {task_id: 1 << number for number, task_id in enumerate(own)}
    of_weight: dict[int, int] = {}
    for task_id, weight in own.items():
        of_weight[weight] = of_weight.get(weight, 0) | bits[task_id]
    weights = dict(own)
    for rule, neighbours in (("downstream", downstream), ("upstream", upstream)):
        reachable: dict[str, int] = {}  # sets of tasks, a bit for each
        for task_id in TopologicalSorter(neighbours).static_order():
            reach = 0
            for other in neighbours[task_id]:
                reach |= bits[other] | reachable[other]
            reachable[task_id] = reach
            if rules[task_id] == rule:
                weights[task_id] += sum(weight * (reach & tasks).bit_count() for weight, tasks in of_weight.items())
    return weights


def _period(timetable: Mapping[str, Any]) -> float | None:
    """Of each minute's schedule, and of those by a time delta. Whoever runs less often has no second run soon."""
    inside = timetable.get("__var")
    if not isinstance(inside, Mapping):
        return None
    expression = inside.get("expression")
    if isinstance(expression, str) and expression.split() == ["*"] * 5:
        return 60.0
    delta = inside.get("delta")
    return float(delta) if isinstance(delta, int | float) and delta > 0 else None
