"""One local stack for all end-to-end tests: the real template, real Airflow, ended at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local import aws, dag_folder, layout, own_stack
from local.airflow_api import AirflowApi
from tests.e2e.workers import Workers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The roles are looked at when everything else has used them."""
    items.sort(key=lambda item: "test_roles" in item.nodeid)


@pytest.fixture(scope="session")
def stack() -> Iterator[layout.Stack]:
    with own_stack.deployed(WorkerScaling="off") as stack:  # the tests say themselves how many workers there are
        yield stack


@pytest.fixture(scope="session")
def cluster(stack: layout.Stack) -> str:
    return aws.outputs(stack)["ClusterName"]


@pytest.fixture(scope="session")
def workers(stack: layout.Stack, cluster: str) -> Workers:
    return Workers(stack, cluster)


@pytest.fixture(scope="session")
def api(stack: layout.Stack) -> AirflowApi:
    return AirflowApi(stack)


@pytest.fixture(scope="session")
def examples(stack: layout.Stack, api: AirflowApi) -> list[str]:
    """The ids of the repository's own example DAGs, uploaded and parsed."""
    folder = layout.ROOT / "dags"
    dag_folder.upload(stack, folder)
    parsed = dag_folder.await_parsed(api, folder, seconds=120)
    assert not parsed.import_errors
    return parsed.dag_ids
