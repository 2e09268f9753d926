import no_such_package_of_ours as missing

from airflow.sdk import DAG

report = DAG("report", schedule=missing.SCHEDULE)
