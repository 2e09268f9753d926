"""Custom resource that migrates Airflow's metadata database before any service starts."""
