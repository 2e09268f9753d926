"""With Airflow's Python: what Airflow's own scheduler would queue, in each of some worlds.

A world is a list of SQL statements, read as JSON from standard input. Nothing of it stays.
"""

import json
import sys
from unittest.mock import MagicMock

from airflow.executors.executor_utils import ExecutorName
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.settings import Session, configure_orm
from sqlalchemy import text


def main() -> None:
    configure_orm()
    executor = MagicMock(slots_available=1000, team_name=None)
    executor.name = ExecutorName(module_path="airflow.providers.celery.executors.celery_executor.CeleryExecutor")
    runner = SchedulerJobRunner(job=Job(), executors=[executor])
    runner._try_to_load_executor = lambda *_, **__: executor
    admitted = []
    for world in json.load(sys.stdin):
        session = Session()
        for statement in world["statements"]:
            session.execute(text(statement))
        queued = []
        # It looks at no more than it has room for, and leaves the rest to its next loop.
        while len(queued) < world["room"] and (found := loop(runner, world["room"] - len(queued), session)):
            queued += found
        admitted.append(queued)
        session.rollback()
        session.close()
    json.dump(admitted, sys.stdout)


def loop(runner, room: int, session) -> list[str]:
    found = runner._executable_task_instances_to_queued(room, session=session)
    session.flush()
    return [f"{each.dag_id}/{each.run_id}/{each.task_id}" for each in found]


if __name__ == "__main__":
    main()
