"""What `metadata_migrator` acts on, in memory: ECS, RDS, the database behind it, and who works on that.

The clients are boto3's: each request is checked against the service's model before it comes here. DynamoDB is moto's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

from control_plane.worker_scaling.hold_item import HoldItem
from tests.integration import state_table

CLUSTER = "farflow"
DATABASE = "farflow-database"
COUNTS = {"scheduler": 2, "dag-processor": 1, "triggerer": 1, "ui": 1, "execution-api": 2, "worker-default": 3}
WORKERS = "worker-default"
OLD, NEW = "old", "new"
FORGOTTEN_SECONDS = 3600.0
"""After which ECS knows no more of a task that has stopped."""
HISTORY = {OLD: ("a1",), NEW: ("a1", "a2", "a3")}
"""By image, the revisions that it knows."""


class Died(BaseException):
    """The function's process ended, in the middle of whatever it did."""


@dataclass
class Task:
    """An ECS task of the migration."""

    image: str
    command: list[str]
    key: str
    started_by: str
    seen_at: float
    """From then on ECS tells of it."""
    looks: int = 0
    hangs: bool = False
    is_ending: bool = False
    """It was told to."""
    exit_code: int | None = None
    is_vain: bool = False
    """Its container never runs."""
    runs_until: float = 0.0
    stopped_at: float | None = None


@dataclass
class World:
    """All of it; what goes wrong is said by the fields of the second part."""

    now: float = 1_000_000.0
    revision: str = "a1"
    counts: dict[str, int] = field(default_factory=lambda: dict(COUNTS))
    alive: dict[str, int] = field(default_factory=lambda: dict(COUNTS))
    running_tasks_until: float = 0.0
    """Until then workers do not leave."""
    tasks: dict[str, Task] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    snapshots: dict[str, dict[str, Any]] = field(default_factory=dict)
    instances: dict[str, str] = field(default_factory=lambda: {DATABASE: "the present one"})
    contents: dict[str, str] = field(default_factory=dict)
    """By instance that is not the present one, the revision of its content."""
    running_executions: set[str] = field(default_factory=set)
    queued: int = 60
    comes_back: int = 0
    """So many messages are in the queue again when the first workers have left: of one that had taken them last."""
    anew: int = 0
    """Of the messages in the queue, those whose tasks the image has scheduled anew."""
    was_sent_twice: bool = False
    """A worker took the message of a task that was scheduled anew."""
    scaling_is_off: bool = False
    scaler_is_away: bool = False
    """Of a group whose scaling is off: nobody has followed a hold to its end yet."""
    restored_at: float = 0.0
    calls: int = 0
    migrated_with_somebody_at_work: bool = False

    # what goes wrong
    dies_at: int | None = None
    dies_after_it: bool = False
    start_fails: bool = False
    """The new image's containers do not start."""
    reach_stops_at: str | None = None
    """The first task that moves the database gets no further than this revision."""
    reach_hangs: bool = False
    first_start_dies: bool = False
    """The function dies as it is about to ask for the first task that would move the database."""
    refused_starts: int = 0
    """So often ECS does not start a task that would move the database."""
    vain_starts: int = 0
    """So many tasks that would move the database are started, and stop before their container has run."""
    refused_repeats: int = 0
    """The function dies when it has asked for the first task that moves the database; so often ECS refuses to hear it again."""
    way_back_seconds: float = 0.0
    failing_ways: int = 0
    """So many tasks after the first one that moves the database fail."""
    snapshot_fails: bool = False
    snapshot_hangs: bool = False
    backs_up_until: float = 0.0
    """RDS makes its own backup until then."""
    restore_fails: bool = False
    restore_seconds: float = 0.0
    stop_seconds: float = 0.0
    """So long a task works on that was told to end."""
    unseen_seconds: float = 0.0
    """So long ECS does not tell of a task that it has started."""
    start_looks: int = 2
    """A task of the image begins its work when it is looked at for that time, and has ended at the next."""
    list_failures: int = 0
    """So often ECS does not answer who is there."""

    def begin_again(self, **fields: Any) -> None:
        """As a new world, with the clients of this one."""
        for item in self.dynamodb.scan(TableName=state_table.NAME)["Items"]:
            self.dynamodb.delete_item(TableName=state_table.NAME, Key={"id": item["id"]})
        self.__init__(dynamodb=self.dynamodb, **fields)  # type: ignore[misc]

    @property
    def hold(self) -> HoldItem:
        """What workers are asked."""
        return HoldItem(self.dynamodb, state_table.NAME)

    @property
    def image_tasks(self) -> list[str]:
        """The ARNs of those that have not stopped."""
        return [arn for arn, task in self.tasks.items() if task.looks <= self.start_looks]

    # ---- Clients ---------------------------------------------------------------------------------

    def clients(self) -> Any:
        """As the handler makes them."""
        made = {name: boto3.client(name) for name in ("dynamodb", "ecs", "rds", "sns", "sqs", "stepfunctions")}
        made["ecs_once"] = boto3.client("ecs")
        for name, client in made.items():
            client.meta.events.register("before-call", self._counting(name, client))
        return SimpleNamespace(**made)

    def _counting(self, service: str, client: Any) -> Callable[..., Any]:
        def answer(model: Any, params: Any, **_: Any) -> Any:
            self.calls += 1
            dies = self.calls == self.dies_at
            if dies and not self.dies_after_it:
                raise Died
            if service == "dynamodb":
                if dies:
                    self.dies_at = self.calls + 1  # moto answers later: before the next call all of it has happened
                    self.dies_after_it = False
                return None
            given = self._given
            self._given = {}
            try:
                parsed = getattr(self, f"_{service}_{xform_name(model.name)}")(given)
            except ClientError as error:
                parsed, status = error.response, 400
            else:
                status = 200
            if dies:
                raise Died
            return SimpleNamespace(status_code=status, headers={}), {
                "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": 0},
                **parsed,
            }

        def remember(params: Any, **_: Any) -> None:
            self._given = dict(params)

        client.meta.events.register("provide-client-params", remember)
        return answer

    dynamodb: Any = field(default_factory=lambda: boto3.client("dynamodb", region_name="us-east-1"))
    """The world's own, whose requests are not counted."""
    _given: dict[str, Any] = field(default_factory=dict)

    # ---- ECS -------------------------------------------------------------------------------------

    def _ecs_list_services(self, given: Mapping[str, Any]) -> Any:
        return {"serviceArns": [f"arn:service/{CLUSTER}/{name}" for name in self.counts]}

    def _ecs_describe_services(self, given: Mapping[str, Any]) -> Any:
        names = [arn.rpartition("/")[2] for arn in given["services"]]
        return {
            "services": [
                {"serviceName": name, "desiredCount": self.counts[name], "status": "ACTIVE"}
                for name in names
                if name in self.counts
            ]
        }

    def _ecs_list_tasks(self, given: Mapping[str, Any]) -> Any:
        if self.list_failures:
            self.list_failures -= 1
            raise _error("ClusterNotFoundException", "ListTasks")
        self.work()
        if given["desiredStatus"] == "STOPPED":
            return {"taskArns": [arn for arn in self.tasks if arn not in self.image_tasks and self._is_known(arn)]}
        of_services = [f"{name}/{number}" for name, count in self.alive.items() for number in range(count)]
        return {"taskArns": [*of_services, *filter(self._is_known, self.image_tasks)]}

    def _ecs_describe_tasks(self, given: Mapping[str, Any]) -> Any:
        known = [arn for arn in given["tasks"] if self._is_known(arn)]
        return {
            "tasks": [
                {"taskArn": arn, **self._look_at(self.tasks[arn])}
                if arn in self.tasks
                else {"group": f"service:{arn.partition('/')[0]}", "lastStatus": "RUNNING"}
                for arn in known
            ],
            "failures": [{"arn": arn, "reason": "MISSING"} for arn in given["tasks"] if arn not in known],
        }

    def _is_known(self, arn: str) -> bool:
        task = self.tasks.get(arn)
        if task is None:
            return True  # of a service
        is_forgotten = task.stopped_at is not None and self.now > task.stopped_at + FORGOTTEN_SECONDS
        return self.now >= task.seen_at and not is_forgotten

    def _ecs_update_service(self, given: Mapping[str, Any]) -> Any:
        name = given["service"]
        assert name != WORKERS, "they are the scaler's"
        self.counts[name] = given["desiredCount"]
        return {"service": {}}

    def _ecs_once_run_task(self, given: Mapping[str, Any]) -> Any:
        token = given["clientToken"]
        if token not in self.tokens:
            (override,) = given["overrides"]["containerOverrides"]
            (variable,) = override["environment"]
            seen_at = self.now + self.unseen_seconds
            task = Task(
                given["taskDefinition"], override["command"][3:], variable["value"], given["startedBy"], seen_at
            )
            moves = task.command[0] == "reach"
            if moves and self.first_start_dies:
                self.first_start_dies = False
                raise Died
            if moves and self.refused_starts:
                self.refused_starts -= 1
                raise _error("ClientException", "RunTask")
            if moves and self.vain_starts:
                self.vain_starts -= 1
                task.is_vain = True
            arn = f"arn:task/{CLUSTER}/{len(self.tasks)}"
            self.tasks[arn], self.tokens[token] = task, arn
            if moves and self.refused_repeats and sum(each.command[0] == "reach" for each in self.tasks.values()) == 1:
                raise Died
        elif self.refused_repeats:
            self.refused_repeats -= 1
            raise _error("ThrottlingException", "RunTask")
        return {"tasks": [{"taskArn": self.tokens[token]}], "failures": []}

    def _ecs_stop_task(self, given: Mapping[str, Any]) -> Any:
        if not self._is_known(given["task"]):
            raise _error("InvalidParameterException", "StopTask")
        task = self.tasks[given["task"]]
        if not task.is_ending:
            task.is_ending, task.runs_until = True, self.now + self.stop_seconds
            self._look_at(task)
        return {"task": {}}

    def _look_at(self, task: Task) -> dict[str, Any]:
        if task.is_ending and self.now >= task.runs_until and task.looks <= self.start_looks:
            task.hangs, task.exit_code, task.looks = False, 137, self.start_looks
        task.looks += not task.hangs and self.now >= task.runs_until
        never_runs = task.is_vain or (self.start_fails and task.image == NEW)
        if task.looks == self.start_looks and task.exit_code is None and not task.hangs and not never_runs:
            self._run(task)
        if task.looks <= self.start_looks:
            return {"lastStatus": "RUNNING", "containers": [{}], "startedBy": task.started_by}
        task.stopped_at = task.stopped_at or self.now
        stopped = {"lastStatus": "STOPPED", "startedBy": task.started_by}
        if never_runs:
            return {**stopped, "stoppedReason": "CannotPullContainerError", "containers": [{}]}
        started_at = datetime.fromtimestamp(task.stopped_at, UTC)
        return {**stopped, "startedAt": started_at, "containers": [{"exitCode": task.exit_code}]}

    def _run(self, task: Task) -> None:
        known = HISTORY[task.image]
        task.exit_code = 0
        if task.command == ["prepare"]:
            relation = "equal" if self.revision == known[-1] else "behind" if self.revision in known else "ahead"
            self._tell(
                task,
                {
                    "relation": relation,
                    "found": {"airflow": self.revision},
                    "heads": {"airflow": known[-1]},
                    "airflow_version": "3",
                },
            )
            return
        assert task.command[0] == "reach"
        wanted = task.command[1].partition("=")[2]
        assert {wanted, self.revision} <= set(known), "this image does not know the way"
        self.migrated_with_somebody_at_work |= any(self.alive.values()) or self._hangs or not self._is_held()
        moved = sum(
            each.command[0] == "reach" and each.looks >= self.start_looks and not each.is_vain
            for each in self.tasks.values()
        )
        if moved == 2 and self.now < (task.runs_until or self.now + self.way_back_seconds):
            task.runs_until = task.runs_until or self.now + self.way_back_seconds
            task.looks, task.exit_code = self.start_looks - 1, None
            return
        if moved == 1 and self.reach_hangs:
            self.revision, task.exit_code, task.hangs = "a2", None, True
        elif moved == 1 and self.reach_stops_at is not None:
            self.revision = self.reach_stops_at
            task.exit_code = 137
        elif 2 <= moved < 2 + self.failing_ways:
            task.exit_code = 1
            self._tell(task, {"error": "the revision cannot be taken back"})
        else:
            self.revision, self.anew = wanted, self.queued
            self._tell(task, {"reached": {"airflow": wanted}})

    def _tell(self, task: Task, report: dict[str, Any]) -> None:
        self.dynamodb.put_item(
            TableName=state_table.NAME, Item={"id": {"S": task.key}, "report": {"S": json.dumps(report)}}
        )

    @property
    def _hangs(self) -> bool:
        """Whether a task is in the middle of moving the database."""
        return any(task.hangs for task in self.tasks.values())

    def _is_held(self) -> bool:
        return self.hold.load().stands(self.now)

    def work(self) -> None:
        """ECS's and the scaler's, between two looks. Workers take from the queue while nobody holds them."""
        hold = self.hold.load()
        self.migrated_with_somebody_at_work |= self._hangs and any(self.counts.values())
        for name, count in self.counts.items():
            if name != WORKERS and self.alive[name] != count:
                self.alive[name] += 1 if self.alive[name] < count else -1
        if WORKERS not in self.counts:
            return
        if hold.stands(self.now):
            if self.now >= self.running_tasks_until:
                self.counts[WORKERS] = self.alive[WORKERS] = 0
                self.queued, self.comes_back = self.queued + self.comes_back, 0
            return
        if not self.scaling_is_off:
            self.counts[WORKERS] = self.counts[WORKERS] or hold.counts.get(WORKERS, 0) or int(self.queued > 0)
        elif not hold.is_followed(self.hold.followed_at(WORKERS)) and not self.scaler_is_away:
            self.counts[WORKERS] = hold.counts.get(WORKERS, self.counts[WORKERS])
            self.hold.save_followed(WORKERS, hold)
        self.alive[WORKERS] = self.counts[WORKERS]
        self.was_sent_twice |= self.alive[WORKERS] > 0 and self.anew > 0
        self.queued = max(0, self.queued - self.alive[WORKERS])

    # ---- RDS -------------------------------------------------------------------------------------

    def _rds_describe_db_snapshots(self, given: Mapping[str, Any]) -> Any:
        if "DBSnapshotIdentifier" not in given:
            return {"DBSnapshots": list(self.snapshots.values())}
        snapshot = self.snapshots.get(given["DBSnapshotIdentifier"])
        if snapshot is None:
            raise _error("DBSnapshotNotFound", "DescribeDBSnapshots")
        if snapshot["Status"] == "creating" and not self.snapshot_hangs:
            snapshot["Status"] = "failed" if self.snapshot_fails else "available"
            return {"DBSnapshots": [{**snapshot, "Status": "creating"}]}
        return {"DBSnapshots": [snapshot]}

    def _rds_create_db_snapshot(self, given: Mapping[str, Any]) -> Any:
        if self.now < self.backs_up_until:
            raise _error("InvalidDBInstanceState", "CreateDBSnapshot")
        assert given["DBInstanceIdentifier"] == DATABASE
        assert not any(self.alive.values()), "what is still written would be lost by a restore"
        assert self._is_held(), "workers would come, and find no Execution API"
        identifier = given["DBSnapshotIdentifier"]
        self.snapshots[identifier] = {
            "DBSnapshotIdentifier": identifier,
            "Status": "creating",
            "SnapshotCreateTime": datetime.fromtimestamp(self.now, UTC),
            "revision": self.revision,
        }
        return {"DBSnapshot": {}}

    def _rds_delete_db_snapshot(self, given: Mapping[str, Any]) -> Any:
        del self.snapshots[given["DBSnapshotIdentifier"]]
        return {}

    def _rds_describe_db_instances(self, given: Mapping[str, Any]) -> Any:
        identifier = given["DBInstanceIdentifier"]
        if identifier not in self.instances:
            raise _error("DBInstanceNotFound", "DescribeDBInstances")
        status = "available"
        if self.instances[identifier] == "being made":
            status = "incompatible-parameters" if self.restore_fails else "creating"
            self.restored_at = self.restored_at or self.now + self.restore_seconds
            if self.now >= self.restored_at:
                self.instances[identifier] = "a restored one"
        return {
            "DBInstances": [
                {
                    "DBInstanceStatus": status,
                    "DBInstanceClass": "db.t4g.small",
                    "DBSubnetGroup": {"DBSubnetGroupName": "subnets"},
                    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
                    "DBParameterGroups": [{"DBParameterGroupName": "parameters"}],
                    "MultiAZ": True,
                    "Endpoint": {"Port": 5432},
                    "StorageType": "gp3",
                    "DeletionProtection": True,
                    "MaxAllocatedStorage": 200,
                    "AutoMinorVersionUpgrade": True,
                    "CopyTagsToSnapshot": True,
                    "TagList": [{"Key": "aws:x", "Value": "y"}, {"Key": "team", "Value": "data"}],
                }
            ]
        }

    def _rds_restore_db_instance_from_db_snapshot(self, given: Mapping[str, Any]) -> Any:
        assert given["Tags"] == [{"Key": "team", "Value": "data"}]
        self.migrated_with_somebody_at_work |= self._hangs
        identifier = given["DBInstanceIdentifier"]
        assert identifier not in self.instances
        self.instances[identifier] = "being made"
        self.contents[identifier] = self.snapshots[given["DBSnapshotIdentifier"]]["revision"]
        return {}

    def _rds_modify_db_instance(self, given: Mapping[str, Any]) -> Any:
        name, new = given["DBInstanceIdentifier"], given["NewDBInstanceIdentifier"]
        assert new not in self.instances
        assert given.get("MaxAllocatedStorage") == (200 if new == DATABASE else None)
        self.instances[new] = self.instances.pop(name)
        if name == DATABASE:
            self.contents[new] = self.revision
        if new == DATABASE:
            self.revision = self.contents.pop(name)
        return {}

    # ---- The rest --------------------------------------------------------------------------------

    def _sns_publish(self, given: Mapping[str, Any]) -> Any:
        return {"MessageId": "1"}

    def _sqs_get_queue_attributes(self, given: Mapping[str, Any]) -> Any:
        return {
            "Attributes": dict.fromkeys(given["AttributeNames"], "0")
            | {"ApproximateNumberOfMessages": str(self.queued)}
        }

    def _sqs_receive_message(self, given: Mapping[str, Any]) -> Any:
        assert not self.alive.get(WORKERS)
        taken = min(self.queued, given["MaxNumberOfMessages"])
        return {"Messages": [{"ReceiptHandle": str(number)} for number in range(taken)]} if taken else {}

    def _sqs_delete_message_batch(self, given: Mapping[str, Any]) -> Any:
        count = len(given["Entries"])
        self.queued, self.anew = self.queued - count, max(0, self.anew - count)
        return {"Successful": [], "Failed": []}

    def _stepfunctions_describe_execution(self, given: Mapping[str, Any]) -> Any:
        return {"status": "RUNNING" if given["executionArn"] in self.running_executions else "ABORTED"}


def _error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)
