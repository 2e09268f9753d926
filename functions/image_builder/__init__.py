"""Custom resource that has CodeBuild build `airflow/` before any service starts."""
