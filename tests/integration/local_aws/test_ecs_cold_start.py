"""A service's tasks take as long to start as the local AWS is told that they do."""

from __future__ import annotations

import json

from local import layout
from tests.integration.local_aws.conftest import LocalAws
from tests.integration.local_aws.test_ecs import SLEEP, Cluster
from tests.waiting import eventually

SECONDS = 6.0


def test_task_of_a_named_service_is_pending_for_as_long_as_the_file_says_and_no_other(with_additions: LocalAws) -> None:
    cluster = Cluster(with_additions, eventually)
    slow, quick = (cluster.service(cluster.define(SLEEP), 0) for _ in range(2))
    file = with_additions.folder / layout.COLD_STARTS.name
    file.write_text(json.dumps({slow: SECONDS}))
    try:
        for service in (slow, quick):
            cluster.ecs.update_service(cluster=cluster.name, service=service, desiredCount=1)
        taken = {}
        for service in (quick, slow):
            task = cluster.task(*cluster.await_running(service, 1, seconds=60))
            taken[service] = (task["startedAt"] - task["createdAt"]).total_seconds()
        assert taken[slow] >= SECONDS
        assert taken[quick] < taken[slow]
    finally:
        file.unlink()
        for service in (slow, quick):
            cluster.ecs.update_service(cluster=cluster.name, service=service, desiredCount=0)
