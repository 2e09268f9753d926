"""Farflow's code inside Airflow's image. No settings: those stand in the task definitions."""
