"""`python -m local COMMAND`: what the Makefile's commands for the local stack call.

The layer's `control_plane` is on the path.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from local import aws, command_line, dag_folder, demo, deploy, layout, log_follower, push_gate, services, stack_control
from local.processes import owned_processes


def up() -> int:
    """Start the stack, deploy the template, upload dags/. A stack that runs already gets what changed."""
    boot: list[tuple[str, Callable[[], object]]] = [("boot the local AWS and PostgreSQL", stack_control.start)]
    steps: list[tuple[str, Callable[[], object]]] = [
        *([] if stack_control.running() else boot),
        ("sam build", deploy.build),
        ("sam deploy, with the migration", lambda: deploy.deploy(stack_control.require())),
        ("services steady and healthy", lambda: services.await_healthy(stack_control.require())),
        ("upload dags/", lambda: dag_folder.upload(stack_control.require(), layout.ROOT / "dags")),
    ]
    for name, step in steps:
        started = time.monotonic()
        print(f"{name} …", flush=True)
        step()
        print(f"{name}: {time.monotonic() - started:.1f} s", flush=True)
    return status()


def status() -> int:
    """Show the services, the queue and where things are."""
    stack = stack_control.require()
    outputs = aws.outputs(stack)
    print(f"{'service':<16} {'running':>7} {'desired':>7}   tasks")
    for service in services.observe(stack, outputs["ClusterName"]):
        tasks = ", ".join(f"{task.id[:8]} at {task.address}" for task in service.tasks)
        print(f"{service.name:<16} {len(service.tasks):>7} {service.desired:>7}   {tasks}")
    waiting, taken = aws.queue_depth(stack, outputs["WorkQueueUrl"])
    print(f"\nwork queue       {waiting} waiting, {taken} with a worker")
    print(f"processes        {len(owned_processes())}")
    secret = aws.client(stack, "secretsmanager").get_secret_value(SecretId=outputs["AdministratorSecretArn"])
    administrator = json.loads(secret["SecretString"])
    print(f"\nUI               {aws.ui_url(stack)}")
    print(f"                 {administrator['username']} / {administrator['password']}")
    print(f"AWS              {stack.aws_url}, any credentials, region {layout.REGION}")
    print(f"PostgreSQL       127.0.0.1:{stack.postgres_port}")
    print(f"DAGs             s3://{outputs['DagsBucketName']}/{dag_folder.PREFIX}")
    print(f"git remote       {push_gate.github(stack).git_url}, DAGs below dags/")
    print("\nTo upload edited DAGs:")
    print("  AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1 \\")
    print(f"  aws --endpoint-url {stack.aws_url} s3 sync dags/ s3://{outputs['DagsBucketName']}/dags/ --delete")
    return 0


def down() -> int:
    """End every process of the stack; its logs stay until the next start."""
    count = stack_control.stop()
    print(f"{count} processes ended" if count else "nothing ran")
    return 0


def logs() -> int:
    """Follow every log of the stack, each line with its origin, until interrupted."""
    stack_control.require()
    log_follower.follow()
    return 0


COMMANDS: dict[str, Callable[[], int]] = {
    "demo": demo.main,
    "up": up,
    "status": status,
    "down": down,
    "logs": logs,
}

if __name__ == "__main__":
    sys.exit(command_line.run("local", COMMANDS, sys.argv[1:]))
