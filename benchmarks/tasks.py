"""`make bench-tasks`: how long a task takes besides its work, with Farflow's settings and with Airflow's defaults.

Both run on the same local stack, one after the other in one run: the same template, processes, broker and
database. For the defaults, every service is deployed with the same task definition without the settings in
`TUNING`. Times are Airflow's own (from a run's `queued_at` to its `end_date`), after a warm-up.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psutil

from benchmarks import report
from benchmarks.report import Row
from local import aws, dag_folder, layout, own_stack, services
from local.airflow_api import AirflowApi, quoted
from local.processes import owned_processes

DAGS = layout.ROOT / "benchmarks" / "dags"
TUNING = (
    "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG",  # loads what makes a worker notice the end of a task
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME",
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__POLLING_INTERVAL",
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__WAIT_TIME_SECONDS",
)
"""The settings of `stacks/airflow_service.yaml` on which speed depends; without them, Airflow's and kombu's defaults."""

FARFLOW, DEFAULTS = "Farflow", "Airflow's defaults"
CONCURRENCY = "4"
WARM_UP_RUNS = 3
FRESH_WORKERS = 3
IDLE_SECONDS = 60.0
CHECKS = 5
RUN_SECONDS = 180.0
STEADY_SECONDS = 300.0
LONG_POLL_SECONDS = 20.0
"""The longest that SQS may still hand a message to a worker that is gone."""
LATEST_MOMENT_OFF_SECONDS = 0.37
"""Between runs, so that they do not fall in step with a loop of whole seconds."""


@dataclass(frozen=True)
class Work:
    """What is run, how often, and how the page calls it."""

    dag_id: str
    title: str
    runs: int


WORKS = (
    Work("bench_one", "one task", 15),
    Work("bench_chain", "a chain of 5", 8),
    Work("bench_parallel", "24 in parallel, 4 at once", 6),
)


def main() -> int:
    rows: list[Row] = []
    with own_stack.deployed(WorkerConcurrency=CONCURRENCY) as stack:
        api = AirflowApi(stack)
        dag_folder.upload(stack, DAGS)
        dag_folder.await_parsed(api, DAGS, seconds=60)
        for work in WORKS:
            api.patch(f"dags/{work.dag_id}", {"is_paused": False})
        rows += measure(stack, api, FARFLOW)
        remove_tuning(stack)
        rows += measure(stack, api, DEFAULTS)
    report.save("tasks", rows)
    publish(rows)
    return 0


def measure(stack: layout.Stack, api: AirflowApi, system: str) -> Iterator[Row]:
    """Every figure of one system; prints as it goes."""
    cluster = aws.outputs(stack)["ClusterName"]
    for work in WORKS:
        for _ in range(WARM_UP_RUNS if work is WORKS[0] else 1):
            run(api, work.dag_id)
        seconds = []
        for _ in range(work.runs):
            time.sleep(LATEST_MOMENT_OFF_SECONDS)
            seconds.append(run(api, work.dag_id))
        print(f"{system:<20} {work.title:<28} median {report.median(seconds):6.2f} s", flush=True)
        yield Row(work.title, system, "median", round(report.median(seconds), 3), "s")
        yield Row(work.title, system, "p95", round(report.p95(seconds), 3), "s")
    fresh = [first_task_seconds(stack, api, cluster) for _ in range(FRESH_WORKERS)]
    print(f"{system:<20} {'first task, fresh worker':<28} median {report.median(fresh):6.2f} s", flush=True)
    yield Row("first task of a fresh worker", system, "median", round(report.median(fresh), 3), "s")
    yield Row("first task of a fresh worker", system, "p95", round(report.p95(fresh), 3), "s")
    yield from idle(stack, cluster, system)


def run(api: AirflowApi, dag_id: str) -> float:
    """Seconds from trigger to end of one run. Raises when it did not succeed."""
    started = api.post(f"dags/{dag_id}/dagRuns", {"logical_date": None})
    path = f"dags/{dag_id}/dagRuns/{quoted(started['dag_run_id'])}"
    deadline = time.monotonic() + RUN_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.25)
        found = api.get(path)
        if found["state"] in ("success", "failed"):
            if found["state"] == "failed":
                raise RuntimeError(f"a run of {dag_id} failed")
            return (moment(found["end_date"]) - moment(found["queued_at"])).total_seconds()
    raise RuntimeError(f"a run of {dag_id} did not end within {RUN_SECONDS:.0f} s")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def first_task_seconds(stack: layout.Stack, api: AirflowApi, cluster: str) -> float:
    """One run on a new worker that says that it is ready, when the old one's last poll can take no message any more."""
    ecs = aws.client(stack, "ecs")
    (before,) = worker(stack, cluster).tasks
    ecs.update_service(cluster=cluster, service="worker-default", forceNewDeployment=True)
    deadline = time.monotonic() + STEADY_SECONDS
    while True:
        tasks = [task for task in worker(stack, cluster).tasks if task.id != before.id]
        logs = [layout.CONTAINERS / f"ministack-ecs-{task.id[:8]}-worker" / "output.log" for task in tasks]
        (old,) = ecs.describe_tasks(cluster=cluster, tasks=[before.id])["tasks"]
        if len(tasks) == 1 and old["lastStatus"] == "STOPPED" and "ready." in logs[0].read_text():
            time.sleep(LONG_POLL_SECONDS)
            return run(api, "bench_one")
        if time.monotonic() > deadline:
            raise RuntimeError("the new worker did not come up")
        time.sleep(0.2)


def worker(stack: layout.Stack, cluster: str) -> services.Service:
    return next(service for service in services.observe(stack, cluster) if service.name == "worker-default")


def idle(stack: layout.Stack, cluster: str, system: str) -> Iterator[Row]:
    """CPU (percent of a core) and memory (shared pages counted by share) of each service while nothing runs."""
    time.sleep(10)
    tasks = {task.address: service.name for service in services.observe(stack, cluster) for task in service.tasks}
    found: dict[psutil.Process, str] = {}
    for process in owned_processes():
        name = tasks.get(process.environ().get("HOSTNAME", ""))
        if name:
            found[process] = name
    before = {process: cpu_seconds(process) for process in found}
    time.sleep(IDLE_SECONDS)
    for name in services.NAMES:
        processes = [process for process, service in found.items() if service == name]
        count = sum(1 for service in tasks.values() if service == name)
        used = sum(cpu_seconds(process) - before[process] for process in processes)
        memory = sum(process.memory_full_info().pss for process in processes if process.is_running())
        percent = 100 * (used / IDLE_SECONDS / count + health_check_share(stack, cluster, name, processes))
        print(f"{system:<20} idle {name:<23} {percent:6.1f} % CPU {memory / count / 2**20:6.0f} MiB", flush=True)
        yield Row(f"idle {name}", system, "cpu", round(percent, 2), "% of a core")
        yield Row(f"idle {name}", system, "memory", round(memory / count / 2**20, 1), "MiB")


def health_check_share(stack: layout.Stack, cluster: str, name: str, processes: list[psutil.Process]) -> float:
    """The part of a core that a service's health check takes, by running it a few times.

    On AWS it runs in the container; here the local AWS starts it, and it is in no service's count.
    """
    ecs = aws.client(stack, "ecs")
    (service,) = ecs.describe_services(cluster=cluster, services=[name])["services"]
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    check = definition["containerDefinitions"][0].get("healthCheck")
    if not check:
        return 0.0
    environ = processes[0].environ()
    command = [str(layout.environment_python("airflow")), *check["command"][2:]]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(CHECKS):
        subprocess.run(command, env=environ, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds / CHECKS / float(check["interval"])


def cpu_seconds(process: psutil.Process) -> float:
    """With the children that ended and were waited for."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def remove_tuning(stack: layout.Stack) -> None:
    """Deploy every service with its own task definition, less the settings in `TUNING`."""
    ecs, cluster = aws.client(stack, "ecs"), aws.outputs(stack)["ClusterName"]
    for name in services.NAMES:
        (service,) = ecs.describe_services(cluster=cluster, services=[name])["services"]
        described: Any = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
        (container,) = described["containerDefinitions"]
        kept = [entry for entry in container["environment"] if entry["name"] not in TUNING]
        if len(kept) != len(container["environment"]) - len(TUNING):
            raise RuntimeError(f"{name} does not have every setting of TUNING: is the list still right?")
        container["environment"] = kept
        for entry in kept:
            if entry["name"] == "AIRFLOW__CORE__EXECUTOR":
                entry["value"] = "CeleryExecutor"
        if name == "worker-default":
            del container["healthCheck"]  # it looks for a file of the extension's
        registered = ecs.register_task_definition(
            **{
                key: described[key]
                for key in (
                    *("family", "containerDefinitions", "volumes", "networkMode", "executionRoleArn", "taskRoleArn"),
                    *("requiresCompatibilities", "cpu", "memory"),
                )
            }
        )
        arn = registered["taskDefinition"]["taskDefinitionArn"]
        ecs.update_service(cluster=cluster, service=name, taskDefinition=arn)
    deadline = time.monotonic() + STEADY_SECONDS
    while True:
        described_services = ecs.describe_services(cluster=cluster, services=list(services.NAMES))["services"]
        if all(service["deployments"][0]["rolloutState"] == "COMPLETED" for service in described_services):
            break
        if time.monotonic() > deadline:
            raise RuntimeError("the services with Airflow's defaults did not become steady")
        time.sleep(1)
    services.await_healthy(stack)


def publish(rows: list[Row]) -> None:
    value = {(row.work, row.system, row.metric): row.value for row in rows}
    titles = [work.title for work in WORKS]
    times = []
    for title in (*titles, "first task of a fresh worker"):
        ours, theirs = value[title, FARFLOW, "median"], value[title, DEFAULTS, "median"]
        cells = [
            f"{value[title, system, 'median']:.2f} s ({value[title, system, 'p95']:.2f})"
            for system in (FARFLOW, DEFAULTS)
        ]
        times.append([title, *cells, f"{theirs / ours:.1f}"])
    idles = []
    for name in services.NAMES:
        cells = [name]
        for system in (FARFLOW, DEFAULTS):
            cells += [
                f"{value[f'idle {name}', system, 'cpu']:.1f} %",
                f"{value[f'idle {name}', system, 'memory']:.0f} MiB",
            ]
        idles.append(cells)
    report.draw_bars(
        "tasks",
        "From trigger to end of a run whose tasks do nothing (median)",
        "seconds",
        titles,
        {system: [value[title, system, "median"] for title in titles] for system in (FARFLOW, DEFAULTS)},
    )
    settings = "\n".join(f"- `{name}`" for name in TUNING)
    report.write_page(
        "tasks",
        "What a task takes besides its work",
        f"""
`make bench-tasks` runs DAGs whose tasks do nothing, on one local stack: first as the template deploys it, then with
every service deployed anew with Airflow's own executor and without these settings, which leaves Airflow's and kombu's
defaults in their place (the others of the template stay):

{settings}

{report.table(["from trigger to end", FARFLOW, DEFAULTS, "times faster"], times)}

Medians, and 95th percentiles in brackets. An ECS task on Fargate has slower CPUs than most machines, and the two were
measured one after the other: the ratios carry over better than the times, and a loaded machine changes them.

![Bars of the table above](tasks.svg)

While nothing runs, one task of each service takes (percent of a core, its health checks with it; memory with shared
pages counted by share):

{report.table(["service", f"{FARFLOW}: CPU", "memory", f"{DEFAULTS}: CPU", "memory"], idles)}
""",
    )


if __name__ == "__main__":
    sys.exit(main())
