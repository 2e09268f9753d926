from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Label

report = DAG("report", schedule=None)
a = EmptyOperator(task_id="a", dag=report)
b = EmptyOperator(task_id="b", dag=report)
a >> Label("then") >> b
a << b
