"""The tasks of the image that one execution has run: each once, remembered in its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from control_plane.custom_resource import ResourceError
from control_plane.observability import logger

from . import ecs_task
from .ecs_task import NotStartedError, Place
from .record import REPORT_KEY, Record, Turn
from .task_outcome import Failed, Outcome, Running

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient


class UpgradeError(ResourceError):
    """The upgrade goes no further; the message is for whoever deploys. Trying the same step again would not help."""


class ImageTasks:
    """Of the execution with that short name. Errors besides those that are named are botocore's."""

    def __init__(
        self, ecs: ECSClient, ecs_once: ECSClient, place: Place, turn: Turn, execution: str, log_group: str, now: float
    ) -> None:
        """`ecs_once` makes each request once: whether a task was started is known by the first answer alone.

        `now` is in seconds since 1970.
        """
        self._ecs = ecs
        self._ecs_once = ecs_once
        self._place = place
        self._turn = turn
        self._execution = execution
        self._log_group = log_group
        self._now = now

    def run(self, record: Record, step: str, task_definition: str, command: list[str]) -> dict[str, Any] | None:
        """What the task told, None while it runs. Raises `UpgradeError` when it failed, `NotStartedError`, `OtherTurnError`."""
        key = f"{REPORT_KEY}#{self._execution}#{step}"
        if not record.tasks.get(step):
            self._start(record, step, task_definition, command, key)
        seen = self._look(record, step)
        if isinstance(seen, Running):
            return None
        report = self._turn.report(key)
        if isinstance(seen, Failed) or "error" in report or not report:
            reason = report.get("error") or (seen.reason if isinstance(seen, Failed) else "it told nothing")
            stream = f"airflow/{ecs_task.CONTAINER}/{record.tasks[step].rpartition('/')[2]}"
            raise UpgradeError(f"{reason} (log: {self._log_group}, stream {stream})")
        return report

    def run_until_it_does(
        self, record: Record, step: str, task_definition: str, command: list[str]
    ) -> dict[str, Any] | None:
        """As `run`; but where no container could be started, it is tried again: None."""
        try:
            return self.run(record, step, task_definition, command)
        except NotStartedError as error:
            reason = str(error)
        except UpgradeError as error:
            if self.may_have_run(record, step):
                raise
            del record.tasks[step]
            record.tries[step] = record.tries.get(step, 0) + 1
            self._turn.save(record)
            reason = str(error)
        logger.warning("not started, and tried again", extra={"step": step, "reason": reason})
        return None

    def may_have_run(self, record: Record, step: str) -> bool:
        """Whether a task of that step may have done anything, of one that ended or could not be started."""
        if step not in record.tasks:
            return False
        if not record.tasks[step]:
            return True
        seen = self._look(record, step)
        return not (isinstance(seen, Failed) and not seen.has_run)

    def has_ended(self, record: Record, step: str) -> bool:
        """Whether ECS says of the task of that step that it has stopped, or none was ever asked for."""
        if step not in record.tasks:
            return True
        return bool(record.tasks[step]) and not isinstance(self._look(record, step), Running)

    def is_known(self, record: Record, step: str) -> bool:
        """Whether ECS started a task for that step, as far as it remembers."""
        if not record.tasks.get(step, "none"):
            return ecs_task.is_known(self._ecs, self._place.cluster, self._token(record, step))
        return step in record.tasks

    def _start(self, record: Record, step: str, task_definition: str, command: list[str], key: str) -> None:
        was_asked = step in record.tasks
        record.tasks[step], record.asked_at = "", self._now
        self._turn.save(record)  # who lost its turn starts nothing
        try:
            record.tasks[step] = ecs_task.start(
                self._ecs_once,
                self._place,
                task_definition,
                command,
                {"FARFLOW_MIGRATION_REPORT": key},
                client_token=self._token(record, step),
            )
        except NotStartedError as error:
            if error.is_refused and not was_asked:
                del record.tasks[step]
                self._turn.save(record)
            raise
        self._turn.save(record)
        logger.info("started", extra={"step": step, "task_arn": record.tasks[step], "command": command})

    def _token(self, record: Record, step: str) -> str:
        return f"{self._execution}-{step}-{record.tries.get(step, 0)}"

    def _look(self, record: Record, step: str) -> Outcome:
        return ecs_task.look(self._ecs, self._place.cluster, record.tasks[step])
