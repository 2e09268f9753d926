"""The metadata database, watched from look to look: one connection, what was learnt of durations, what nobody foresaw."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import psycopg

from control_plane.observability import logger
from control_plane.worker_scaling.workload import Workload

from . import metadata_database
from .durations import Durations
from .forecast import forecast, slots_of_unforeseen_work
from .incomplete import IncompleteError, noted
from .unforeseen import UnforeseenSlots, updated

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from .learnt_state import LearntState
    from .metadata_database import Connection
    from .settings import Settings

RELEARN_SECONDS = 600.0
"""How long learnt durations are taken for the newest."""


class MetadataWatch:
    """Tells the workload of each worker group. A broken connection is made anew at the next look."""

    def __init__(
        self, settings: Settings, secretsmanager: SecretsManagerClient, learnt: LearntState, queues: Sequence[str]
    ) -> None:
        self._settings = settings
        self._secretsmanager = secretsmanager
        self._learnt = learnt
        self._queues = queues
        self._connection: Connection | None = None
        self._structures = metadata_database.StructureCache()
        self._durations = Durations()
        self._durations_read_at = float("-inf")
        self._unforeseen: UnforeseenSlots | None = None

    def workloads(self, now: float, horizon_seconds: float, missing: list[IncompleteError]) -> Mapping[str, Workload]:
        """By group, as far as `horizon_seconds` ahead. Without the state table, by what is remembered.

        Raises `psycopg.Error`, or botocore's, when the database cannot be asked.
        """
        observation, structures = self._ask(
            lambda connection: metadata_database.observe(connection, self._structures, now, horizon_seconds)
        )
        unforeseen = self._update_unforeseen(now, slots_of_unforeseen_work(observation), missing)
        found = forecast(
            observation,
            structures,
            self._usual_durations(now, missing),
            now + horizon_seconds,
            parallelism=self._settings.parallelism * self._settings.schedulers,
            unforeseen_slots=unforeseen.slots,
        )
        if found.unknown_dags:
            logger.warning("nothing is foreseen of these DAGs", extra={"dags": sorted(found.unknown_dags)})
        return {queue: found.workloads.get(queue, Workload(now)) for queue in self._queues}

    def learn(self, now: float) -> int:
        """Learn anew how long tasks take. Returns of how many DAGs."""
        durations = self._ask(lambda connection: metadata_database.learn(connection, now))
        self._learnt.save_durations(durations)
        self._durations, self._durations_read_at = durations, now
        return len(durations.by_dag)

    def _update_unforeseen(
        self, now: float, held: Mapping[str, int], missing: list[IncompleteError]
    ) -> UnforeseenSlots:
        """What could not be read is not overwritten."""
        found = updated(self._unforeseen, now, held)
        with noted(missing, "the slots of unforeseen work"):
            found = updated(self._learnt.unforeseen(), now, held)
            self._learnt.save_unforeseen(found)
        self._unforeseen = found
        return found

    def _usual_durations(self, now: float, missing: list[IncompleteError]) -> Durations:
        if now - self._durations_read_at > RELEARN_SECONDS:
            with noted(missing, "the learnt durations"):
                self._durations = self._learnt.durations()
                self._durations_read_at = now
        return self._durations

    def _ask[Answer](self, question: Callable[[Connection], Answer]) -> Answer:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._connect()
            return question(self._connection)
        except psycopg.Error:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            raise

    def _connect(self) -> Connection:
        answer = self._secretsmanager.get_secret_value(SecretId=self._settings.database_secret_arn)
        secret = json.loads(answer["SecretString"])
        return metadata_database.connect(
            host=self._settings.database_host,
            port=self._settings.database_port,
            dbname=self._settings.database_name,
            user=secret["username"],
            password=secret["password"],
            sslmode=self._settings.database_ssl_mode,
        )
