"""The function `workload_metrics`: what Airflow has to do, from its metadata database, and how many workers that takes."""
