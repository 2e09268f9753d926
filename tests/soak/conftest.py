"""A stack of its own, whose workers scale from zero to six, with a second group from zero to one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local import aws, layout, own_stack
from local.airflow_api import AirflowApi

PARAMETERS = {
    "WorkerScaling": "economy",
    "WorkerMinimum": "0",
    "WorkerMaximum": "6",
    "WorkerConcurrency": "4",
    "Parallelism": "256",
    "SecondWorkerGroup": "large",
    "SecondWorkerScaling": "economy",
    "SecondWorkerMaximum": "1",
}


@pytest.fixture(scope="session")
def stack() -> Iterator[layout.Stack]:
    with own_stack.deployed(**PARAMETERS) as stack:
        yield stack


@pytest.fixture(scope="session")
def cluster(stack: layout.Stack) -> str:
    return aws.outputs(stack)["ClusterName"]


@pytest.fixture(scope="session")
def api(stack: layout.Stack) -> AirflowApi:
    return AirflowApi(stack)
