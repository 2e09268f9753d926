#!/usr/bin/env python
# coding: ebcdic-of-old
from airflow.sdk import DAG

DAG("report", schedule=None)
