"""Which files Airflow does not look for DAGs in."""
