from urllib.request import urlopen

from airflow.sdk import DAG


class Settings:
    text = urlopen("https://example.com/settings", timeout=5).read()


report = DAG("report", schedule=None, doc_md=str(Settings.text))
