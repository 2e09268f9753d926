from airflow.lineage.hook import HookLineageCollector

from airflow.sdk import DAG

report = DAG("report", schedule=None)
collector = HookLineageCollector()
collector.create_asset("s3://bucket/key")
