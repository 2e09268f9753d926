"""The local AWS: ministack with a process runtime for ECS and the additions of this folder.

Started by the supervisor as `python -m local.emulator PORT`; ends with it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator

from local import layout

SUPERVISOR_POLL_SECONDS = 1.0


def configure(port: int) -> None:
    """The emulator reads its settings from the environment, some of them at import."""
    scratch = layout.STACK / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    stack = layout.Stack(supervisor_pid=os.getppid(), aws_port=port, postgres_port=0)
    os.environ.update(stack.environ)
    os.environ.update(
        GATEWAY_PORT=str(port),
        BIND_HOST="127.0.0.1",
        HOSTNAME="local-aws",
        IOT_MTLS_ENABLED="0",
        STATE_DIR=str(layout.STACK / "aws"),
        S3_DATA_DIR=str(layout.STACK / "aws" / "s3"),
        TMPDIR=str(scratch),
        MINISTACK_REGION=layout.REGION,
    )


def end_with_supervisor() -> None:
    """End when the supervisor is gone, so that killing it does not leave this process behind.

    The tasks' processes stay: they are found by their marker when the next command runs.
    """
    supervisor = os.getppid()

    def watch() -> None:
        while os.getppid() == supervisor:
            time.sleep(SUPERVISOR_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="supervisor-watch").start()


def main() -> None:
    configure(int(sys.argv[1]))

    from ministack import app
    from ministack.services import ecs

    from local import cloudformation_types
    from local.images import process_images
    from local.process_runtime import ProcessRuntime
    from local.service_connect import ClientAlias, ServiceConnect
    from local.task_addresses import TaskAddresses

    def running_tasks(alias: ClientAlias) -> Iterator[str]:
        for _, task in ecs._tasks.all_items():
            if (
                task["lastStatus"] == "RUNNING"
                and task["group"] == f"service:{alias.service}"
                and task["clusterArn"].endswith(f"/{alias.cluster}")
            ):
                address = ecs._task_ip(task)
                if address:
                    yield address

    addresses = TaskAddresses(int(sys.argv[1]))
    service_connect = ServiceConnect(addresses.gateway, running_tasks)
    runtime = ProcessRuntime(process_images(), addresses, layout.CONTAINERS, service_connect.resolve)
    ecs._docker = runtime
    cloudformation_types.register(service_connect.publish)

    sys.argv = sys.argv[:1]
    end_with_supervisor()
    app.main()


if __name__ == "__main__":
    main()
