"""An Airflow DAG that a helper module makes."""

from team.pipelines import build

orders = build("orders")
