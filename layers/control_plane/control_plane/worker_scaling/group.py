"""What a worker group is told by the template: variable WORKER_GROUPS, a JSON list of objects with these fields."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass

from control_plane.worker_scaling.policy import PRESETS, Policy

DEFAULT_PRESET = "balanced"
OFF = "off"
"""In place of a preset: the group is measured, and nobody counts its workers but its operator."""


class WorkerGroupError(ValueError):
    """The list of worker groups is not as it should be; the message says what and where."""


@dataclass(frozen=True)
class WorkerGroup:
    """One kind of workers: their queue, their ECS service and how far they scale."""

    name: str
    """Also the name of the Celery queue."""
    queue_url: str
    service: str
    task_definition: str
    """The family; its newest active revision is what the group should run."""
    concurrency: int
    minimum: int
    maximum: int
    preset: str

    def __post_init__(self) -> None:
        if self.preset not in (*PRESETS, OFF):
            raise WorkerGroupError(f"{self.name}: preset is {self.preset!r}, not one of {', '.join(PRESETS)}, {OFF}")
        if self.minimum < 0 or self.maximum < 1:
            raise WorkerGroupError(f"{self.name}: minimum {self.minimum} and maximum {self.maximum} are no range")
        if self.concurrency < 1:
            raise WorkerGroupError(f"{self.name}: concurrency is {self.concurrency}, less than 1")

    @property
    def is_off(self) -> bool:
        """Whether its workers are left alone."""
        return self.preset == OFF

    def policy(self, cold_start_seconds: float) -> Policy:
        """What decisions of the group depend on, with the cold start as it was measured.

        A minimum above the maximum counts for both: CloudFormation cannot compare them, and one group's slip stops no other's.
        """
        return Policy(
            PRESETS[DEFAULT_PRESET if self.is_off else self.preset],
            concurrency=self.concurrency,
            minimum=self.minimum,
            maximum=max(self.minimum, self.maximum),
            cold_start_seconds=cold_start_seconds,
        )


def parse_groups(text: str) -> tuple[WorkerGroup, ...]:
    """The groups, in their order. Raises `WorkerGroupError`."""
    fields = {field.name: int if field.type == "int" else str for field in dataclasses.fields(WorkerGroup)}
    try:
        entries = json.loads(text)
        groups = tuple(
            WorkerGroup(**{name: kind(entry[name]) for name, kind in fields.items()})  # type: ignore[arg-type]
            for entry in entries
        )
    except KeyError as error:
        raise WorkerGroupError(f"a worker group lacks {error}") from None
    except (TypeError, ValueError) as error:
        if isinstance(error, WorkerGroupError):
            raise
        raise WorkerGroupError(f"the worker groups cannot be read: {error}") from None
    if len({group.name for group in groups}) != len(groups):
        raise WorkerGroupError("two worker groups have the same name")
    return groups


def named(groups: Sequence[WorkerGroup], names: set[str]) -> list[WorkerGroup]:
    """Those with these names; all, when none of them is known."""
    return [group for group in groups if group.name in names] or list(groups)
