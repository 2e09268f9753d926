# -*- coding: latin-1 -*-
from airflow.sdk import DAG

DAG("report", schedule=None)
