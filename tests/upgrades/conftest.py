"""A stack of the former version, with work in it, for all tests, file by file in the order of their names.

Each leaves the stack as it was, but the last of the faults and the patch version, after which it has the new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import aws, layout, own_stack
from local.airflow_api import AirflowApi
from tests.e2e.workers import Workers
from tests.upgrades.versions import FORMER
from tests.upgrades.work import Work


@pytest.fixture(scope="session")
def stack() -> Iterator[layout.Stack]:
    with own_stack.deployed(AirflowImage=layout.former_image(FORMER), WorkerScaling="off") as stack:
        yield stack


@pytest.fixture(scope="session")
def api(stack: layout.Stack) -> AirflowApi:
    return AirflowApi(stack)


@pytest.fixture(scope="session")
def workers(stack: layout.Stack) -> Workers:
    return Workers(stack, aws.outputs(stack)["ClusterName"])


@pytest.fixture(scope="session")
def work(stack: layout.Stack, api: AirflowApi, tmp_path_factory: pytest.TempPathFactory) -> Work:
    folder: Path = tmp_path_factory.mktemp("upgrade")
    return Work.install(stack, api, folder)
