"""The ECS service scheduler: observes a service's tasks, plans (`service_schedule`), acts.

It replaces the emulator's own, which stops the newest task on a scale-in, all old tasks at once at the end of a
deployment, and starts a crashing task anew thirty times a second.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
Events: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from datetime import datetime
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import ecs

from local.emulator.ecs_protection import is_protected
from local.emulator.ecs_tasks import TaskLife, send_event
from local.emulator.load_balancer import LoadBalancer
from local.emulator.service_schedule import Health, Plan, Service, Task, plan, wait_before_start_seconds

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often each service is looked at besides the changes that call for it."""
EARLY_SECONDS = 10.0
"""A task that ends sooner counts as one that did not come up."""


def install(life: TaskLife, load_balancer: LoadBalancer) -> None:
    scheduler = ServiceScheduler(life, load_balancer)
    make_deployment = ecs._make_deployment

    def in_progress(*arguments: Any, **options: Any) -> Any:
        """A first deployment is as much under way as any other until its tasks are healthy."""
        deployment = make_deployment(*arguments, **options)
        return {**deployment, "rolloutState": "IN_PROGRESS", "rolloutStateReason": ""}

    note_healthy = ecs._record_service_task_healthy

    def note_what_passes(key: str, task: Any) -> None:
        """The circuit breaker counts anew after a healthy task. One that has a health check is healthy when it passes, not when it is up for a second."""
        if not task.get("_has_health_check") or task.get("healthStatus") == "HEALTHY":
            note_healthy(key, task)

    ecs._make_deployment = in_progress
    ecs._record_service_task_healthy = note_what_passes
    ecs._reconcile_service_tasks = scheduler.reconcile
    ecs._complete_service_deployment = lambda cluster, key, **_: scheduler.reconcile(cluster, key)
    scheduler.watch()


class ServiceScheduler:
    """Brings each service's tasks to what the service asks for."""

    def __init__(self, life: TaskLife, load_balancer: LoadBalancer) -> None:
        self._life = life
        self._load_balancer = load_balancer
        self._locks: dict[str, threading.RLock] = {}
        self._told: dict[str, tuple[str, str]] = {}
        """Per service, the deployment and the message of its last event."""

    def watch(self) -> None:
        threading.Thread(target=self._look_again, daemon=True, name="ecs-service-scheduler").start()

    def reconcile(self, cluster: str, key: str) -> None:
        """Take the next step for one service. Safe to call at any time and from any thread."""
        with self._locks.setdefault(key, threading.RLock()):
            service = ecs._services.get(key)
            if not service or service["status"] != "ACTIVE":
                return
            primary = ecs._primary_deployment(service)
            tasks = self._tasks_of(service)
            wanted = _wanted(service, primary)
            step = plan(wanted, [self._observe(service, primary, task) for task in tasks])
            self._start(cluster, service, primary, tasks, step)
            for arn in step.stop:
                reason = f"Scaling activity initiated by (deployment {primary['id']})"
                self._life.stop(ecs._tasks[arn], reason, "ServiceSchedulerInitiated")
            for arn in step.replaced_as_unhealthy:
                self._replace(ecs._tasks[arn])
            self._conclude(service, primary, step)
        ecs._refresh_service_state(cluster, f"service:{service['serviceName']}")
        ecs._recount_cluster(cluster)

    def _look_again(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            for (account, region, key), _ in list(ecs._services.all_items()):
                try:
                    with request_scope(account, region):
                        self.reconcile(key.partition("/")[0], key)
                except Exception:
                    logger.exception("service %s could not be looked at", key)

    @staticmethod
    def _tasks_of(service: Any) -> list[Any]:
        group = f"service:{service['serviceName']}"
        return [
            task
            for task in list(ecs._tasks.values())
            if task.get("group") == group
            and task["clusterArn"] == service["clusterArn"]
            and task["lastStatus"] != "STOPPED"
        ]

    def _observe(self, service: Any, primary: Any, task: Any) -> Task:
        return Task(
            arn=task["taskArn"],
            is_current=ecs._deployment_for_task(service, task) is primary,
            health=_health(service, task, self._target_state(service, task)),
            is_protected=is_protected(task),
            created_at=str(task["createdAt"]),
        )

    def _target_state(self, service: Any, task: Any) -> str:
        """The task's state in its service's target groups: the worst, or nothing without a load balancer."""
        states = set()
        for balancer in service.get("loadBalancers") or []:
            target = (ecs._task_ip(task), int(balancer.get("containerPort", 80)))
            health = self._load_balancer.healths(balancer["targetGroupArn"]).get(target)
            states.add(health.state if health else "initial")
        return next((state for state in ("unhealthy", "initial") if state in states), "healthy" if states else "")

    def _start(self, cluster: str, service: Any, primary: Any, tasks: list[Any], step: Plan) -> None:
        count = step.start
        definition = ecs._task_defs.get(ecs._resolve_td_key(service["taskDefinition"]))
        if not count or definition is None:
            return
        if self._backs_off(service, primary):
            return
        if ecs._deployment_needs_first_task(primary, definition, service):
            # The first task finds out which image the tag means; the others wait for it.
            count = 0 if any(ecs._deployment_for_task(service, task) is primary for task in tasks) else 1
        if not count:
            return
        ecs._run_task(
            {
                "cluster": cluster,
                "taskDefinition": service["taskDefinition"],
                "count": count,
                "group": f"service:{service['serviceName']}",
                "startedBy": primary["id"],
                "launchType": service.get("launchType"),
                "capacityProviderStrategy": service.get("capacityProviderStrategy"),
                "platformVersion": service.get("platformVersion", ""),
                "networkConfiguration": service.get("networkConfiguration", {}),
                "enableExecuteCommand": service.get("enableExecuteCommand", False),
                "tags": [{"key": "aws:ecs:serviceName", "value": service["serviceName"]}],
                "_deploymentId": primary["id"],
            }
        )

    def _backs_off(self, service: Any, primary: Any) -> bool:
        """Whether tasks of this deployment that ended early, since the last one that did not, make the next wait."""
        ended = [
            task
            for task in list(ecs._tasks.values())
            if task.get("_deployment_id") == primary["id"] and task["lastStatus"] == "STOPPED"
        ]
        ended.sort(key=lambda task: _epoch(task["stoppedAt"]), reverse=True)
        early = list(itertools.takewhile(_ended_early, ended))
        if len(early) > 1:
            self._tell(service, primary, "is unable to consistently start tasks successfully.")
        return bool(early) and ecs._ts() < _epoch(early[0]["stoppedAt"]) + wait_before_start_seconds(len(early))

    def _replace(self, task: Any) -> None:
        container = task.get("healthStatus") == "UNHEALTHY"
        reason = "Task failed container health checks" if container else "Task failed ELB health checks"
        self._life.stop(task, reason, "ServiceSchedulerInitiated")
        ecs._record_service_task_failure(task)

    def _conclude(self, service: Any, primary: Any, step: Plan) -> None:
        """The states of the deployment, and the events that users wait for."""
        if step.is_blocked and primary["rolloutState"] == "IN_PROGRESS":
            self._tell(service, primary, "was unable to stop tasks of an older deployment because they are protected.")
        if step.is_complete and primary["rolloutState"] == "IN_PROGRESS":
            primary["rolloutState"] = "COMPLETED"
            primary["rolloutStateReason"] = f"ECS deployment {primary['id']} completed."
            primary["updatedAt"] = ecs._iso()
            service["deployments"] = [
                deployment
                for deployment in service["deployments"]
                if deployment is primary or deployment.get("rolloutState") == "FAILED"
            ]
            self._tell(service, primary, "has reached a steady state.")
            detail = {
                "eventType": "INFO",
                "eventName": "SERVICE_DEPLOYMENT_COMPLETED",
                "deploymentId": primary["id"],
                "reason": primary["rolloutStateReason"],
            }
            send_event("ECS Deployment State Change", service["serviceArn"], detail)

    def _tell(self, service: Any, deployment: Any, what: str) -> None:
        """A service event, unless it was the last one told of this deployment."""
        message = f"(service {service['serviceName']}) {what}"
        if self._told.get(service["serviceArn"]) != (deployment["id"], message):
            self._told[service["serviceArn"]] = (deployment["id"], message)
            service["events"].insert(0, {"id": ecs.new_uuid(), "createdAt": ecs._iso(), "message": message})


def _wanted(service: Any, primary: Any) -> Service:
    configuration = service.get("deploymentConfiguration") or {}
    return Service(
        desired=int(service.get("desiredCount", 0)),
        minimum_percent=int(configuration.get("minimumHealthyPercent", 100)),
        maximum_percent=int(configuration.get("maximumPercent", 200)),
        has_failed=primary.get("rolloutState") == "FAILED",
    )


def _health(service: Any, task: Any, target_state: str) -> Health:
    if task["desiredStatus"] == "STOPPED" or task["lastStatus"] == "STOPPING":
        return Health.STOPPING
    if task["lastStatus"] != "RUNNING":
        return Health.STARTING
    grace_seconds = int(service.get("healthCheckGracePeriodSeconds") or 0)
    in_grace = ecs._ts() - _epoch(task["startedAt"]) < grace_seconds
    if task.get("healthStatus") == "UNHEALTHY" or (target_state == "unhealthy" and not in_grace):
        return Health.UNHEALTHY
    if task.get("_has_health_check"):
        passes = task.get("healthStatus") == "HEALTHY"
    else:
        passes = bool(task.get("_startup_stable"))
    return Health.HEALTHY if passes and target_state in ("healthy", "") else Health.STARTING


def _ended_early(task: Any) -> bool:
    if task["lastStatus"] != "STOPPED" or task.get("stopCode") not in ("EssentialContainerExited", "TaskFailedToStart"):
        return False
    started = task.get("startedAt")
    return not started or _epoch(task["stoppedAt"]) - _epoch(started) < EARLY_SECONDS


def _epoch(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
