from airflow.sdk import DAG

<<<<<<< HEAD
with DAG("report", schedule="@daily"):
=======
with DAG("report", schedule="@hourly"):
>>>>>>> feature
    pass
