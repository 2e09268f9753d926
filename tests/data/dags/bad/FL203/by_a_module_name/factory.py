from airflow.sdk import dag


def build(name):
    @dag(dag_id=name, schedule=None)
    def pipeline():
        pass

    return pipeline()
