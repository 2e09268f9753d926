"""DAGs that use what a serialized DAG can say, for Airflow's own Python."""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import DAG, Asset, setup, task, task_group, teardown

START = datetime(2026, 1, 1, tzinfo=UTC)

with DAG(
    "everything",
    schedule="*/5 * * * *",
    start_date=START,
    catchup=False,
    max_active_tasks=7,
    max_active_runs=2,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=30)},
):

    @task(queue="big", pool="narrow", pool_slots=2)
    def numbers():
        return [1, 2, 3]

    @task(
        max_active_tis_per_dag=3,
        max_active_tis_per_dagrun=2,
        retry_exponential_backoff=True,
        max_retry_delay=timedelta(minutes=2),
        queue="big",
    )
    def double(x):
        return 2 * x

    @task_group
    def group(x):
        @task
        def inside(x):
            return x

        return inside(x)

    wait = TimeDeltaSensor(task_id="wait", delta=timedelta(seconds=60), mode="reschedule", poke_interval=20)
    empty = EmptyOperator(task_id="empty", trigger_rule="none_failed")
    announces = EmptyOperator(task_id="announces", outlets=[Asset("made")])

    @setup
    def make():
        pass

    @teardown
    def drop():
        pass

    @task(executor="LocalExecutor", priority_weight=5, weight_rule="absolute")
    def local():
        pass

    made, dropped = make(), drop()
    made >> local() >> dropped
    made >> dropped
    [wait, group.expand(x=double.expand(x=numbers()))] >> empty >> announces

with DAG(
    "backing_off",
    schedule=None,
    start_date=START,
    default_args={"retries": 5, "retry_delay": timedelta(seconds=7)},
):
    BashOperator(task_id="plain", bash_command="true")
    BashOperator(task_id="doubling", bash_command="true", retry_exponential_backoff=True)
    BashOperator(task_id="tripling", bash_command="true", retry_exponential_backoff=3.0)
    BashOperator(
        task_id="capped",
        bash_command="true",
        retry_exponential_backoff=True,
        max_retry_delay=timedelta(seconds=20),
    )

with DAG("by_asset", schedule=[Asset("made")], start_date=START):
    BashOperator(task_id="only", bash_command="true")

with DAG("each_minute", schedule="* * * * *", start_date=START, catchup=False):
    BashOperator(task_id="first", bash_command="true") >> BashOperator(task_id="second", bash_command="true")
