from airflow.sdk import DAG, Variable


def settings():
    return Variable.get("settings", deserialize_json=True)


report = DAG("report", schedule=settings()["schedule"])
