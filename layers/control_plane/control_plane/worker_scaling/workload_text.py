"""A workload as compact text, in which `workload_metrics` hands it to `worker_scaler`."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from control_plane.worker_scaling.workload import Running, Work, Workload

FORMAT = 1


class WorkloadTextError(ValueError):
    """The text is not what `to_text` of this version writes."""


def to_text(workload: Workload) -> str:
    """Times to the tenth of a second. Some 20 bytes a task instance; a state table's item holds 400 KB."""
    content = {
        "format": FORMAT,
        "observed_at": round(workload.observed_at, 3),
        "running": [[each.hostname, round(each.ends_at, 1)] for each in workload.running],
        "waiting": _work_to_lists(workload.waiting),
        "foreseen": _work_to_lists(workload.foreseen),
        "unforeseen_slots": round(workload.unforeseen_slots, 3),
        "is_complete": workload.is_complete,
    }
    return base64.b85encode(zlib.compress(json.dumps(content, separators=(",", ":")).encode())).decode()


def from_text(text: str) -> Workload:
    """Raises `WorkloadTextError`."""
    try:
        content: Any = json.loads(zlib.decompress(base64.b85decode(text)))
        found = content["format"]
        workload = _from_content(content) if found == FORMAT else None
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise WorkloadTextError(f"it cannot be read: {error!r}") from None
    if workload is None:
        raise WorkloadTextError(f"format {found}, not {FORMAT}")
    return workload


def _from_content(content: Any) -> Workload:
    return Workload(
        observed_at=float(content["observed_at"]),
        running=tuple(Running(str(hostname), float(ends_at)) for hostname, ends_at in content["running"]),
        waiting=_work_from_lists(content["waiting"]),
        foreseen=_work_from_lists(content["foreseen"]),
        unforeseen_slots=float(content["unforeseen_slots"]),
        is_complete=bool(content["is_complete"]),
    )


def _work_to_lists(work: tuple[Work, ...]) -> list[list[float]]:
    return [[round(each.at, 1), round(each.seconds, 1), each.count] for each in work]


def _work_from_lists(lists: Any) -> tuple[Work, ...]:
    return tuple(Work(float(at), float(seconds), int(count)) for at, seconds, count in lists)
