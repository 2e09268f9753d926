from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import DAG

KEYS = S3Hook(aws_conn_id="aws").list_keys("bucket")
report = DAG("report", schedule=None, params={"keys": len(KEYS)})
