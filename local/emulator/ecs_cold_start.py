"""How long a service's task takes until its containers start: on Fargate a network interface, an image, a boot.

A process starts at once. Where waiting matters, `cold-start-seconds.json` in the local AWS's folder says per service how
long its tasks are PENDING: `{"worker-default": 75}`. It is read when a task starts.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from ministack.services import ecs

from local import layout

POLL_SECONDS = 0.2


def install(folder: Path) -> None:
    start = ecs._start_task_worker

    def start_later(task: Any, *others: Any) -> None:
        ready = time.monotonic() + seconds_of(folder, task.get("group", "").removeprefix("service:"))
        while time.monotonic() < ready and task["desiredStatus"] != "STOPPED":
            time.sleep(POLL_SECONDS)
        start(task, *others)

    ecs._start_task_worker = start_later


def seconds_of(folder: Path, service: str) -> float:
    """What the file says of a service; nothing where it is silent."""
    try:
        return float(json.loads((folder / layout.COLD_STARTS.name).read_text()).get(service, 0.0))
    except FileNotFoundError:
        return 0.0
