"""The Airflow image on this machine: `make image` builds it, `make image-test` tries it without a registry."""
