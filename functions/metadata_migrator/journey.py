"""Decides what a deployment has to do to the database, from what the image's own task says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Journey:
    """From one revision of the database to another. Revisions by the name of their history."""

    mover: str
    """The task definition of the newer image, which alone knows the way in both directions."""
    start: Mapping[str, str | None]
    goal: Mapping[str, str | None]

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> Journey:
        """Of what `content` gave."""
        return cls(**content)

    def after(self, left: Mapping[str, Any]) -> Journey:
        """It goes on with what was `left` in the middle: the way back leads to where that had begun."""
        return replace(self, start=left["start"]) if left else self

    @property
    def content(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


class NoWayError(Exception):
    """The database cannot be made to fit the image; the message says what to do."""


def journey(report: Mapping[str, Any], task_definition: str, former_task_definition: str) -> Journey | None:
    """None when the database fits the image that made the report (`farflow.migration prepare`).

    `former_task_definition` is that of the deployment before, empty in the first. Raises `NoWayError`.
    """
    relation = report["relation"]
    if relation in ("equal", "empty"):  # of an empty one, the task made all
        return None
    if relation == "behind":
        return Journey(task_definition, report["found"], report["heads"])
    if not former_task_definition:
        found = ", ".join(f"{name} {revision}" for name, revision in report["found"].items())
        raise NoWayError(
            f"the database is of a newer Airflow (revisions {found}) than the image's {report['airflow_version']}, and no"
            " deployment before this one says which image can take it back: deploy an image that is at least as new"
        )
    return Journey(former_task_definition, report["found"], report["heads"])


def is_at_rest(found: Mapping[str, str | None], left: Mapping[str, Any], *, was_served: bool) -> bool:
    """Whether the database, which is at `found`, is not any more in the middle of a journey that was `left` there.

    Once services were started, somebody may have worked at its goal too. In between no image fits, so nobody has.
    """
    return not left or found == left["start"] or (was_served and found == left["goal"])


def arguments(revisions: Mapping[str, str | None]) -> list[str]:
    """Of `farflow.migration reach`. What has no revision yet is left where it is."""
    return [f"{name}={revision}" for name, revision in revisions.items() if revision is not None]
