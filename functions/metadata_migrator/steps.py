"""The steps of an upgrade, one per state of the state machine. Each can be repeated: it looks first, and remembers by `record`.

A step returns what the state machine branches by: `wait` (look again), `done`, `handed_over`, or what `compare` found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from control_plane import custom_resource
from control_plane.custom_resource import Request, Result
from control_plane.observability import logger, metrics
from control_plane.state_failure import in_words
from control_plane.worker_scaling.hold import Hold
from control_plane.worker_scaling.hold_item import HoldItem

from . import airflow_services, ecs_task, work_queue
from .airflow_services import SCHEDULER, WORKERS, Service
from .clients import Clients
from .cluster_tasks import REMEMBERED_SECONDS, UNSEEN_SECONDS
from .ecs_task import NotStartedError, Place
from .image_tasks import ImageTasks, UpgradeError
from .journey import Journey, NoWayError, arguments, is_at_rest, journey
from .record import OtherTurnError, Record, Turn
from .request import OperatorRequest, is_of_deployment
from .settings import Settings
from .snapshot import PREFIX, Database
from .step_limits import (
    AWAIT_DEPLOYMENT_SECONDS,
    DRAINED_HOLD_SECONDS,
    HELD,
    STARTING_HOLD_SECONDS,
    STOP_SECONDS,
    STOPPED,
    drained_too_long,
    pause_seconds,
    too_long,
)

PHYSICAL_RESOURCE_ID = "metadata-migration"
STRAY_SECONDS = 600.0
"""So long a task of which this execution has no record may go on: the next revision is its best end."""
FITS_SECONDS = 3600.0
"""So long a deployment is believed that the database fits its image, without asking the image again."""
DIGEST = "@sha256:"
IDENTITY = ("Image", "DatabaseSecretArn", "AdministratorSecretArn", "MetricsDatabaseSecretArn")
"""What of a deployment decides how the database has to be."""

WAIT = "wait"
DONE = "done"
LEFT_BETWEEN = ". The database could not be brought back: no service works on it until it is. See docs/upgrading.md"
MAYBE_LEFT_BETWEEN = (
    ". An earlier upgrade may have left the database where no service works on it. See docs/upgrading.md"
)
HANDED_OVER = "handed_over"
"""A later execution waits, and goes on with what is stopped here."""


class StrayTaskError(Exception):
    """Nobody may be started yet; trying again helps."""


class Steps:
    """Of one execution, for one request. `now` is in seconds since 1970."""

    def __init__(
        self,
        settings: Settings,
        clients: Clients,
        execution: str,
        request: Request | OperatorRequest,
        now: Callable[[], float],
        began: float | None = None,
    ) -> None:
        """`began` is when the execution did: its first step has no record yet."""
        self._settings = settings
        self._clients = clients
        self._execution = execution
        self._request = request
        self._now = now
        self._turn = Turn(clients.dynamodb, settings.state_table, execution)
        self._hold = HoldItem(clients.dynamodb, settings.state_table)
        self._cluster = (
            request.cluster if isinstance(request, OperatorRequest) else Place.parse(request.properties).cluster
        )
        self._began: Mapping[str, float] = {} if began is None else {"take_turn": began}
        """When each step of this execution was begun."""

    def take(self, name: str, failure: Mapping[str, Any] | None = None) -> str:
        """Take the step called `name`; `failure` is what Step Functions caught of another one."""
        if name == "take_turn":
            return self.take_turn()
        if name == "answer_failure":
            return self.answer_failure(failure or {})
        record = self._turn.load()
        if name not in record.since:
            record.since[name] = self._now()
            record.step = record.step if "roll_back" in record.since else name
            self._turn.save(record)
        self._began = record.since
        if name in STOPPED:
            self._is_handed_over()  # only deployments come here: it raises
        if reason := too_long(name, record, self._now(), for_deployment=not self._is_operator_s):
            raise UpgradeError(reason)
        if name in HELD and record.services:
            self._hold_workers(record, HELD[name])
        step: Callable[[Record], str] = getattr(self, name)
        return step(record)

    def pause(self, name: str) -> int:
        """Seconds until that step is taken again."""
        return pause_seconds(self._now() - self._began.get(name, self._now()))

    # ---- Nothing is touched yet ------------------------------------------------------------------

    def take_turn(self) -> str:
        """One execution after the other. A deployment ends an earlier one that has not begun to migrate; an operator's waits for a deployment."""
        holder = self._turn.holder()
        if holder and holder != self._execution and self._is_running(holder):
            if not (self._is_operator_s and is_of_deployment(holder)):
                self._turn.ask_for_it(holder)
            return WAIT
        return DONE if self._turn.take(holder, self._now()) else WAIT

    def settle(self, record: Record) -> str:
        """What an aborted execution has left under way comes to its end: a restore, a task of the image, also one that only starts."""
        if not self._are_strays_gone(record, "settle"):
            return WAIT
        if record.restoring:
            if not self._database.has_exchanged(record.restoring):
                return WAIT
            record.restoring = ""
            self._turn.save(record)
        return HANDED_OVER if self._is_handed_over() else DONE

    def compare(self, record: Record) -> str:
        """`nothing`: the database fits the image; `again`: it does, and services wait since an earlier try; or `move`."""
        if not self._is_known_to_fit(record):
            report = self._tasks.run(record, "compare", self._deployment.properties["TaskDefinition"], ["prepare"])
            if report is None:
                return WAIT
            former = self._deployment.old_properties.get("TaskDefinition", "")
            try:
                way = journey(report, self._deployment.properties["TaskDefinition"], former)
            except NoWayError as error:
                raise UpgradeError(str(error)) from error
            if way is None or is_at_rest(way.start, record.left, was_served=record.was_served):
                record.left = {}
            record.is_moving, record.snapshot = bool(record.left), record.left.get("snapshot", "")
            record.journey = way.after(record.left).content if way else None
            self._note_fit({} if way else self._identity, record)
        if record.journey:
            return "move"
        return "again" if record.services else "nothing"

    # ---- Nothing runs afterwards, and nothing was ended --------------------------------------------

    def pause_scheduling(self, record: Record) -> str:
        """No scheduler: nothing new is begun. What runs goes on."""
        services = self._look()
        if not record.drain_until:
            record.services = record.services or airflow_services.counts(services)
            record.drain_until = self._now() + 60.0 * self._drain_minutes
            self._turn.save(record)
        self._set(services, {SCHEDULER: 0})
        return DONE if services.get(SCHEDULER, Service(0, 0)).is_stopped else WAIT

    def drain(self, record: Record) -> str:
        """Every worker finishes what it runs, by the scaler's protocol, and leaves."""
        waiting = self._count_queued_that_are_run()
        if waiting:
            self._let_workers_come(record)
        else:
            self._hold_workers(record, DRAINED_HOLD_SECONDS)
        self._have_workers_counted()
        services = self._look()
        self._set(services, {SCHEDULER: 0})
        working = [name for name, service in services.items() if name.startswith(WORKERS) and not service.is_stopped]
        if not working and not waiting:
            return DONE
        if self._is_handed_over():
            return HANDED_OVER
        if self._now() > record.drain_until:
            alive = {name: services[name].alive for name in working if services[name].alive}
            raise UpgradeError(
                drained_too_long(alive, waiting, self._drain_minutes, for_deployment=not self._is_operator_s)
            )
        logger.info("draining", extra={"services": {name: services[name].alive for name in working}, "queued": waiting})
        return WAIT

    def await_deployment(self, record: Record) -> str:
        """Nobody works and nothing begins, until a deployment or a Resume goes on with what is stopped."""
        if self._is_handed_over():
            return HANDED_OVER
        if self._now() > record.since["await_deployment"] + AWAIT_DEPLOYMENT_SECONDS:
            minutes = AWAIT_DEPLOYMENT_SECONDS / 60
            raise UpgradeError(f"no deployment came within {minutes:.0f} minutes after the last task had ended")
        self._set(self._look(), {SCHEDULER: 0})
        return WAIT

    def stop_services(self, record: Record) -> str:
        """The others, which have nothing to finish."""
        services = self._look()
        if self._stop(services):
            return DONE
        if self._now() > record.since["stop_services"] + STOP_SECONDS:
            alive = ", ".join(name for name, service in services.items() if not service.is_stopped)
            raise UpgradeError(f"ECS did not stop {alive}")
        return WAIT

    def snapshot(self, record: Record) -> str:
        """With nobody at work: whoever goes back to it loses nothing."""
        if not self._stop(self._look()):
            return WAIT
        if not self._settings.database_instance:
            return DONE
        if not record.snapshot:
            record.snapshot = f"{PREFIX}-{self._short}"
            self._turn.save(record)
        return DONE if self._database.take(record.snapshot) else WAIT

    # ---- The database moves --------------------------------------------------------------------------

    def migrate(self, record: Record) -> str:
        """By one task of the newer image."""
        if record.has_moved:
            return DONE
        way = _journey(record)
        is_stopped = self._stop(self._look())
        if "migrate" not in record.tasks:
            if not is_stopped:
                return WAIT
            record.is_moving, record.was_served, record.fits = True, False, {}
            self._turn.save(record)
            # What waits in there is of the version before; its tasks are sent anew (`farflow.migration.requeue`).
            if not work_queue.empty(self._clients.sqs, self._queue_urls, self._now):
                return WAIT
        try:
            report = self._tasks.run(record, "migrate", way.mover, ["reach", *arguments(way.goal)])
        except (NotStartedError, UpgradeError):
            record.is_moving = bool(record.left) or self._tasks.may_have_run(record, "migrate")
            self._turn.save(record)
            raise
        if report is None:
            return WAIT
        if not dict(way.goal).items() <= report.get("reached", {}).items():
            raise UpgradeError(f"the database is at {report.get('reached')} after its migration, not at {way.goal}")
        record.is_moving, record.has_moved, record.left = False, True, {}
        self._note_fit(self._identity, record)
        return DONE

    def roll_back(self, record: Record) -> str:
        """Where the database was, by the newer image; if this execution has not moved it, nobody else does either."""
        if not record.is_moving:
            return DONE if self._are_strays_gone(record, "roll_back") else WAIT
        if "roll_back" not in record.tasks:
            if not self._is_alone(record, "roll_back"):
                return WAIT
            if not record.left and not self._may_have_begun(record, "migrate"):
                record.is_moving = False
                self._turn.save(record)
                return DONE
        way = _journey(record)
        if self._tasks.run_until_it_does(record, "roll_back", way.mover, ["reach", *arguments(way.start)]) is None:
            return WAIT
        record.is_moving, record.left = False, {}
        self._turn.save(record)
        return DONE

    def restore(self, record: Record) -> str:
        """What the newer image could not take back, its snapshot brings back; the image looks whether it did."""
        if not record.is_moving:
            return DONE
        if not record.restoring:
            if not self._is_alone(record, "restore"):
                return WAIT
            if not record.snapshot:
                raise UpgradeError("there is no snapshot to go back to")
            record.restoring = record.snapshot
            self._turn.save(record)
        if "restore" not in record.tasks and not self._database.restore(record.snapshot):
            return WAIT
        way = _journey(record)
        if self._tasks.run_until_it_does(record, "restore", way.mover, ["reach", *arguments(way.start)]) is None:
            return WAIT
        record.is_moving, record.restoring, record.left = False, "", {}
        self._turn.save(record)
        return DONE

    # ---- All run again -------------------------------------------------------------------------------

    def start_services(self, record: Record) -> str:
        """As many as before. A container waits by itself until the database is as its image needs it (`farflow.start`).

        Workers are the scaler's to start: those of the old revision could only wait.
        """
        now, last = self._now(), self._hold.load()
        if not record.services and not last.stands(now):
            return DONE
        if not self._are_strays_gone(record, "start_services"):
            raise StrayTaskError("a task of an earlier step, or of an execution that was aborted, may migrate yet")
        if last.stands(now):
            self._hold.save(replace(last, until=now + STARTING_HOLD_SECONDS))
        record.was_served = True
        self._turn.save(record)
        others = {name: count for name, count in record.services.items() if not name.startswith(WORKERS)}
        self._set(self._look(), others)
        goes_on = not self._is_operator_s and "roll_back" not in record.since
        self._hold.save(
            Hold(at=now, until=now, counts=airflow_services.of_workers(record.services), brings_revision=goes_on)
        )
        self._have_workers_counted()
        record.services = {}
        self._turn.save(record)
        return DONE

    def answer(self, record: Record) -> str:
        """CloudFormation goes on: the services get their new task definitions."""
        if record.has_moved and record.snapshot:
            try:
                self._database.drop_old()
            except ClientError:  # the next upgrade tries again
                logger.exception("old snapshots could not be deleted")
        custom_resource.answer(self._deployment, lambda _: Result(PHYSICAL_RESOURCE_ID))
        return DONE

    def answer_failure(self, failure: Mapping[str, Any]) -> str:
        """CloudFormation rolls back."""
        try:
            record = self._turn.load()
        except OtherTurnError:
            record = Record()  # it never had its turn
        reason = in_words(failure.get("Error", ""), failure.get("Cause", ""))
        if record.is_moving or record.left:
            metrics.add_metric(name="DatabasesLeftBetween", unit="Count", value=1)
            reason += LEFT_BETWEEN if record.is_moving else MAYBE_LEFT_BETWEEN
        error = UpgradeError(f"{record.step or 'take_turn'}: {reason}")

        def fail(_: Request) -> Result:
            raise error

        custom_resource.answer(self._deployment, fail)
        return DONE

    # ---- How -----------------------------------------------------------------------------------------

    @property
    def _is_operator_s(self) -> bool:
        return isinstance(self._request, OperatorRequest)

    @property
    def _deployment(self) -> Request:
        """The state machine takes no operator's execution to a step that needs it."""
        if isinstance(self._request, OperatorRequest):
            raise UpgradeError(f"a {self._request.kind} is no deployment")
        return self._request

    @property
    def _drain_minutes(self) -> int:
        return (
            self._request.drain_minutes if isinstance(self._request, OperatorRequest) else self._settings.drain_minutes
        )

    @property
    def _tasks(self) -> ImageTasks:
        properties = self._deployment.properties
        log_group = properties.get("LogGroup", "its log group")
        place, now = Place.parse(properties), self._now()
        return ImageTasks(self._clients.ecs, self._clients.ecs_once, place, self._turn, self._short, log_group, now)

    @property
    def _identity(self) -> dict[str, str]:
        return {name: str(value) for name, value in self._deployment.properties.items() if name in IDENTITY}

    @property
    def _short(self) -> str:
        return hashlib.sha256(self._execution.encode()).hexdigest()[:8]

    @property
    def _database(self) -> Database:
        return Database(self._clients.rds, self._settings.database_instance)

    def _is_handed_over(self) -> bool:
        """Whether a later execution waits. Raises `UpgradeError` when CloudFormation has to hear that of a deployment."""
        asker = self._turn.asker()
        if not asker or not self._is_running(asker):
            return False
        if self._is_operator_s:
            return True
        raise UpgradeError("a later deployment, or the end of this one, was waiting")

    def _is_alone(self, record: Record, step: str) -> bool:
        """Whether nobody works, and nobody else surely moves the database: ECS has told of the end of each task, or has had the time to."""
        services = self._look()
        record.services = record.services or airflow_services.counts(services)
        self._turn.save(record)
        if not self._are_others_gone(record, step) or not self._stop(services):
            return False
        is_told = all(self._tasks.has_ended(record, former) for former in ("migrate", "roll_back"))
        return is_told or not self._may_be_unseen(record)

    def _are_strays_gone(self, record: Record, step: str) -> bool:
        """Whether no task of an earlier execution works, nor one that was left and that ECS does not tell of yet."""
        is_left = record.left and not record.is_moving
        return self._are_others_gone(record, step) and not (is_left and self._may_be_unseen(record))

    def _may_be_unseen(self, record: Record) -> bool:
        """Whether a task may have been started of which ECS does not tell yet."""
        return self._now() <= record.asked_at + UNSEEN_SECONDS

    def _are_others_gone(self, record: Record, step: str) -> bool:
        """Whether no image's task works but this step's. Those of earlier steps are told to end, and strays in time."""
        others = set(ecs_task.begun_here(self._clients.ecs, self._cluster)) - {record.tasks.get(step)}
        is_time = self._now() > record.since[step] + STRAY_SECONDS
        for other in others if is_time else others & set(record.tasks.values()):
            self._clients.ecs.stop_task(
                cluster=self._cluster, task=other, reason="its step, or execution, was given up"
            )
        return not others

    def _may_have_begun(self, record: Record, step: str) -> bool:
        """Whether a task was started for that step, or ECS may have forgotten it."""
        return self._now() > record.since[step] + REMEMBERED_SECONDS or self._tasks.is_known(record, step)

    def _is_running(self, execution: str) -> bool:
        try:
            answer = self._clients.stepfunctions.describe_execution(executionArn=execution)
        except self._clients.stepfunctions.exceptions.ExecutionDoesNotExist:
            return False
        return bool(answer["status"] == "RUNNING")

    def _is_known_to_fit(self, record: Record) -> bool:
        """Lately, by an image that cannot have become another one under the same name."""
        is_recent = self._now() - record.fits_at < FITS_SECONDS
        return is_recent and record.fits == self._identity and DIGEST in self._identity.get("Image", "")

    def _note_fit(self, identity: dict[str, str], record: Record) -> None:
        record.fits, record.fits_at = identity, self._now()
        self._turn.save(record)

    def _look(self) -> dict[str, Service]:
        return airflow_services.look(self._clients.ecs, self._cluster)

    def _set(self, services: Mapping[str, Service], wanted: Mapping[str, int]) -> None:
        airflow_services.set_counts(self._clients.ecs, self._cluster, services, wanted)

    def _stop(self, services: Mapping[str, Service]) -> bool:
        """Whether nobody is left. Workers leave by themselves, and need the others until then; whoever comes back is stopped again."""
        are_drained = all(service.is_stopped for name, service in services.items() if name.startswith(WORKERS))
        self._set(services, {name: 0 for name in services if not name.startswith(WORKERS) and are_drained})
        return all(service.is_stopped for service in services.values())

    def _hold_workers(self, record: Record, seconds: float) -> None:
        now, last = self._now(), self._hold.load()
        if not last.stands(now):
            record.services |= self._count_workers(record, last)
            self._turn.save(record)
        elif last.until > now + seconds / 2:
            return
        self._hold.save(
            Hold(is_asked=True, at=now, until=now + seconds, counts=airflow_services.of_workers(record.services))
        )

    def _count_workers(self, record: Record, last: Hold) -> dict[str, int]:
        """By worker service, how many it shall have again: what the hold before still owes it, else what it has."""
        owed = {
            name: last.counts.get(name, count)
            for name, count in airflow_services.of_workers(record.services).items()
            if not last.is_followed(self._hold.followed_at(name))
        }
        return airflow_services.of_workers(airflow_services.counts(self._look())) | owed

    def _let_workers_come(self, record: Record) -> None:
        now = self._now()
        if self._hold.load().stands(now):
            self._hold.save(Hold(at=now, until=now, counts=airflow_services.of_workers(record.services)))

    def _count_queued_that_are_run(self) -> int:
        if self._settings.queued_tasks != "run":
            return 0
        return work_queue.count_waiting(self._clients.sqs, self._queue_urls)

    @property
    def _queue_urls(self) -> list[str]:
        return self._settings.work_queue_urls.split(",")

    def _have_workers_counted(self) -> None:
        self._clients.sns.publish(TopicArn=self._settings.worker_scaling_topic_arn, Message="{}")


def _journey(record: Record) -> Journey:
    if record.journey is None:
        raise UpgradeError("no journey was decided")
    return Journey.parse(record.journey)
