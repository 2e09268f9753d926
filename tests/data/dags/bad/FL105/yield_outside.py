from airflow.sdk import DAG


class Steps:
    rows = yield


DAG_OF_STEPS = DAG("report", schedule=None)
