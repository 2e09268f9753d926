"""A task that notes when it begins and when it ends; imported by the worker, within Airflow's environment."""

from __future__ import annotations

import os
import time

from celery import shared_task


@shared_task(name="noted_runs.run")  # type: ignore[untyped-decorator]
def run(name: str, seconds: float) -> None:
    note(f"began {name}")
    time.sleep(seconds)
    note(f"ended {name}")


def note(line: str) -> None:
    with open(os.environ["FARFLOW_TEST_RUNS"], "a") as runs:  # noqa: PTH123 - one write, which others cannot part
        runs.write(f"{line}\n")
