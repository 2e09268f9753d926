"""With Airflow's Python: parse the DAGs into the database as the DAG processor does, and begin a run of each.

Prints what Airflow itself says of them as JSON, for the test to hold against what Farflow makes of the database.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.models import DagModel, Pool, TaskInstance
from airflow.models.dagbundle import DagBundleModel
from airflow.models.serialized_dag import SerializedDagModel
from airflow.serialization.definitions.baseoperator import SerializedBaseOperator
from airflow.settings import configure_orm
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType

BUNDLE = "releases"


def main(logical_date: datetime) -> None:
    configure_orm()
    folder = Path(__file__).parent
    bag = BundleDagBag(dag_folder=folder / "dags.py", bundle_path=folder, bundle_name=BUNDLE)
    with create_session() as session:
        session.add(DagBundleModel(name=BUNDLE))
        session.add(Pool(pool="narrow", slots=2, include_deferred=False))
    with create_session() as session:
        sync_bag_to_db(bag, BUNDLE, "r1", session=session)
        session.query(DagModel).update({"is_paused": False})
    with create_session() as session:
        for dag_id in bag.dags:
            SerializedDagModel.get_dag(dag_id, session=session).create_dagrun(
                run_id="first",
                logical_date=logical_date,
                data_interval=(logical_date, logical_date),
                run_after=logical_date,
                run_type=DagRunType.MANUAL if dag_id == "by_asset" else DagRunType.SCHEDULED,
                triggered_by=DagRunTriggeredByType.TEST,
                state=DagRunState.RUNNING,
                session=session,
            )
    with create_session() as session:
        json.dump({"retries": retries(session), "takes_slot": takes_slot(session)}, sys.stdout)


def retries(session) -> dict[str, list[float]]:
    """By task of `backing_off`, the seconds until its next try after each of the first five."""
    dag = SerializedDagModel.get_dag("backing_off", session=session)
    ended = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    found = {}
    for task_instance in session.query(TaskInstance).filter(TaskInstance.dag_id == "backing_off"):
        task_instance.task = dag.get_task(task_instance.task_id)
        task_instance.end_date = ended
        found[task_instance.task_id] = []
        for try_number in range(1, 6):
            task_instance.try_number = try_number
            seconds = (task_instance.next_retry_datetime() - ended) / timedelta(seconds=1)
            found[task_instance.task_id].append(seconds)
    session.rollback()
    return found


def takes_slot(session) -> dict[str, bool]:
    tasks: dict[str, SerializedBaseOperator] = SerializedDagModel.get_dag("everything", session=session).task_dict
    return {task_id: TaskInstance.is_task_schedulable(task) for task_id, task in tasks.items()}


if __name__ == "__main__":
    main(datetime.fromisoformat(sys.argv[1]))
