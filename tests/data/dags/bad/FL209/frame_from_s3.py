import pandas as pd

from airflow.sdk import DAG

TABLE = pd.read_csv("s3://bucket/table.csv")
report = DAG("report", schedule=None, params={"rows": len(TABLE)})
