from airflow.sdk import DAG


class Pipeline:
    def __init__(self, name):
        self.name = name

    def build(self):
        return DAG(self.name, schedule=None)
