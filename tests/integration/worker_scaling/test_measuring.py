"""One look of `workload_metrics`: what it tells, when it has the workers counted, and what it does without."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

from control_plane.worker_scaling.fleet import Order, Phase
from control_plane.worker_scaling.group import WorkerGroup
from control_plane.worker_scaling.hold import Hold
from control_plane.worker_scaling.rollout import RolledOut
from control_plane.worker_scaling.scaling_state import Lease, ScalingState
from control_plane.worker_scaling.worker_service import WorkerService
from control_plane.worker_scaling.workload import Running, Work, Workload
from tests.integration import state_table
from tests.integration.worker_scaling.ecs_service import FAMILY, NOW, SERVICE, EcsService, revision, service_model
from workload_metrics.durations import Durations, Learnt
from workload_metrics.incomplete import IncompleteError
from workload_metrics.learnt_state import LearntState
from workload_metrics.measuring import Measuring
from workload_metrics.unforeseen import UnforeseenSlots

GROUP = WorkerGroup("default", "https://sqs/default", SERVICE, FAMILY, 4, 0, 10, "economy")
OFF = WorkerGroup("default", "https://sqs/default", SERVICE, FAMILY, 4, 0, 10, "off")


class Recorder:
    """Stands in for boto3's clients of SQS, CloudWatch and Lambda: keeps the requests, held to boto3's models."""

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}
        self.invoked: list[Any] = []
        self.queued = 0
        self.fails: set[str] = set()

    def get_queue_attributes(self, **request: Any) -> Any:
        self._check("sqs", "GetQueueAttributes", request)
        return {"Attributes": {"ApproximateNumberOfMessages": str(self.queued)}}

    def put_metric_data(self, **request: Any) -> None:
        self._check("cloudwatch", "PutMetricData", request)
        assert request["Namespace"] == "Farflow/test"
        for datum in request["MetricData"]:
            assert datum["Dimensions"] == [{"Name": "worker_group", "Value": "default"}]
            assert datum["StorageResolution"] == 1, "an alarm's period is ten seconds"
        self.metrics = {datum["MetricName"]: datum["Value"] for datum in request["MetricData"]}

    def invoke(self, **request: Any) -> None:
        self._check("lambda", "Invoke", request)
        assert request["InvocationType"] == "Event"
        self.invoked.append(json.loads(request["Payload"]))

    def _check(self, service: str, operation: str, request: dict[str, Any]) -> None:
        validate_parameters(request, service_model(service).operation_model(operation).input_shape)
        if service in self.fails:
            raise ClientError({"Error": {"Code": "Down", "Message": f"{service} is away"}}, operation)


class Database:
    """What the metadata database would say."""

    def __init__(self) -> None:
        self.workload: Workload | None = Workload(NOW)
        self.asked: list[float] = []

    def workloads(self, now: float, horizon_seconds: float, missing: list[IncompleteError]) -> Mapping[str, Workload]:
        self.asked.append(horizon_seconds)
        if self.workload is None:
            raise ConnectionError("it is away")
        return {"default": self.workload}


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def measuring(
    ecs: Any, state: ScalingState, database: Database, recorder: Any, group: WorkerGroup = GROUP
) -> Measuring:
    services = {"default": WorkerService(ecs, state, "farflow", group)}
    state.save_rolled_out(Lease("default", 0), RolledOut(revision(1), NOW - 1000))
    return Measuring(
        [group], services, state, database.workloads, recorder, recorder, "Farflow/test", recorder, "worker-scaler"
    )


def test_metrics_tell_what_there_is_to_do_and_who_is_missing(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder
) -> None:
    ecs.desired = 1
    ecs.start("a", phase=Phase.ACCEPTING, active=2)
    recorder.queued = 3
    running = (Running("a", NOW + 300), Running("a", NOW + 300))
    database.workload = Workload(NOW, running, (Work(NOW, 300.0, 10),), (Work(NOW + 60, 300.0, 4),), 0.5)
    busy, missing = measuring(ecs, state, database, recorder).look(NOW)
    assert busy
    assert missing == []
    needed = recorder.metrics.pop("WorkersNeeded")
    assert needed >= 3
    assert recorder.metrics == {
        "WorkersPresent": 1,
        "WorkersGap": needed - 1,
        "WorkersAwaited": needed - 1,
        "WorkersLost": 0,
        "RolloutsTakenBack": 0,
        "MessagesQueued": 3,
        "TasksRunning": 2,
        "TasksWaiting": 10,
        "TasksForeseen": 4,
        "SlotsUnforeseen": 0.5,
    }
    assert state.workload("default") == database.workload


def test_gap_that_persists_has_the_workers_counted_without_an_alarm(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder
) -> None:
    database.workload = Workload(NOW, waiting=(Work(NOW, 300.0, 10),))
    looks = measuring(ecs, state, database, recorder)
    looks.look(NOW)
    assert recorder.invoked == []
    looks.look(NOW + 10)
    looks.look(NOW + 20)
    assert recorder.invoked == [{"worker_groups": ["default"]}] * 2
    ecs.desired = 3
    looks.look(NOW + 30)
    assert len(recorder.invoked) == 2


@pytest.mark.parametrize("group", [GROUP, OFF], ids=["counted", "off"])
def test_hold_of_an_upgrade_has_the_workers_drained_though_there_is_work(
    ecs: EcsService, state: ScalingState, dynamodb: Any, database: Database, recorder: Recorder, group: WorkerGroup
) -> None:
    state.hold.save(Hold(is_asked=True, at=NOW, until=NOW + 600))
    ecs.desired = 1
    ecs.start("a", phase=Phase.ACCEPTING, active=4)
    database.workload = Workload(NOW, tuple(Running("a", NOW + 300) for _ in range(4)))
    looks = measuring(ecs, state, database, recorder, group)
    looks.look(NOW)
    looks.look(NOW + 10)
    assert recorder.invoked == [{"worker_groups": ["default"]}]


def test_while_a_hold_stands_no_worker_is_awaited(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder
) -> None:
    """An upgrade may take hours, with tasks in the queue and no worker: that is no alarm."""
    state.hold.save(Hold(is_asked=True, at=NOW, until=NOW + 600))
    database.workload = Workload(NOW, waiting=(Work(NOW, 300.0, 10),))
    looks = measuring(ecs, state, database, recorder)
    looks.look(NOW)
    assert (recorder.metrics["WorkersAwaited"], recorder.metrics["WorkersGap"]) == (0, 0)
    assert recorder.metrics["TasksWaiting"] == 10
    looks.look(NOW + 700)
    assert recorder.metrics["WorkersAwaited"] > 0


@pytest.mark.parametrize("group", [GROUP, OFF], ids=["counted", "off"])
def test_revision_that_somebody_else_told_is_remembered(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder, group: WorkerGroup
) -> None:
    """Else it looks like ECS's doing when CloudFormation goes back from it."""
    looks = measuring(ecs, state, database, recorder, group)
    ecs.served = ecs.newest = revision(2)
    looks.look(NOW)
    looks.look(NOW + 10)
    assert recorder.invoked == [{"worker_groups": ["default"]}]


@pytest.mark.parametrize("group", [GROUP, OFF], ids=["counted", "off"])
def test_after_a_hold_a_group_is_counted_until_it_has_followed(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder, group: WorkerGroup
) -> None:
    """Also where nothing is missing: what its owner orders later must not be taken for what the hold left."""
    hold = Hold(at=NOW - 60, until=NOW - 60, brings_revision=True)
    state.hold.save(hold)
    looks = measuring(ecs, state, database, recorder, group)
    looks.look(NOW)
    looks.look(NOW + 10)
    assert recorder.invoked == [{"worker_groups": ["default"]}]
    state.hold.save_followed(SERVICE, hold)
    looks.look(NOW + 20)
    assert len(recorder.invoked) == 1
    ecs.newest = revision(2)
    looks.look(NOW + 30)
    looks.look(NOW + 40)
    assert len(recorder.invoked) == 2, "the deployment's revision is told"


def test_group_that_is_off_is_measured_and_left_alone(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder
) -> None:
    database.workload = Workload(NOW, waiting=(Work(NOW, 300.0, 10),))
    looks = measuring(ecs, state, database, recorder, OFF)
    for second in (0, 10, 20):
        looks.look(NOW + second)
    assert recorder.metrics["WorkersGap"] > 0
    assert recorder.invoked == []


def test_idle_group_is_not_looked_at_again_within_the_minute(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder
) -> None:
    busy, _ = measuring(ecs, state, database, recorder).look(NOW)
    assert not busy


def test_horizon_is_longer_than_a_cold_start_and_the_minute_until_the_next_look(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder
) -> None:
    state.save_cold_starts("default", {"a": 100.0})
    measuring(ecs, state, database, recorder).look(NOW)
    assert database.asked[0] >= 100 + 80


def test_without_the_database_the_queue_tells_what_waits_and_nothing_is_taken_away(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder
) -> None:
    database.workload = None
    ecs.desired = 1
    ecs.start("a", phase=Phase.DRAINED, order=Order.DRAIN, idle_since=NOW - 900)
    looks = measuring(ecs, state, database, recorder)
    _, missing = looks.look(NOW)
    assert str(missing[0]) == "the metadata database: it is away"
    assert recorder.metrics["WorkersGap"] == 0
    assert "TasksRunning" not in recorder.metrics, "what is not known is not zero"
    recorder.queued = 40
    looks.look(NOW + 10)
    assert recorder.metrics["WorkersGap"] > 0


@pytest.mark.parametrize("service", ["sqs", "cloudwatch"])
def test_without_a_service_that_only_tells_more_the_workers_are_counted_all_the_same(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder, service: str
) -> None:
    database.workload = Workload(NOW, waiting=(Work(NOW, 300.0, 10),))
    recorder.fails = {service}
    looks = measuring(ecs, state, database, recorder)
    for second in (0, 10):
        busy, missing = looks.look(NOW + second)
        assert busy
        assert [f"{service} is away" in str(error) for error in missing] == [True]
    assert recorder.invoked == [{"worker_groups": ["default"]}]
    assert state.workload("default") == database.workload
    assert "MessagesQueued" not in recorder.metrics, "what is not known is not zero"


def test_workload_that_cannot_be_kept_is_told_all_the_same(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.workload = Workload(NOW, waiting=(Work(NOW, 300.0, 10),))
    monkeypatch.setattr(state, "save_workload", lambda *_: (_ for _ in ()).throw(RuntimeError("throttled")))
    busy, missing = measuring(ecs, state, database, recorder).look(NOW)
    assert busy
    assert "throttled" in str(missing[0])
    assert recorder.metrics["WorkersGap"] > 0


def test_without_the_scaler_the_alarms_can_still_invoke_it(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder
) -> None:
    database.workload = Workload(NOW, waiting=(Work(NOW, 300.0, 10),))
    recorder.fails = {"lambda"}
    looks = measuring(ecs, state, database, recorder)
    looks.look(NOW)
    _, missing = looks.look(NOW + 10)
    assert "lambda is away" in str(missing[0])
    assert recorder.metrics["WorkersGap"] > 0


def test_without_database_and_queue_nothing_is_told_and_it_is_looked_again(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder
) -> None:
    database.workload = None
    recorder.fails = {"sqs"}
    busy, missing = measuring(ecs, state, database, recorder).look(NOW)
    assert busy
    assert len(missing) == 2
    assert state.workload("default") is None
    assert not recorder.metrics
    assert not recorder.invoked


def test_mistake_in_the_forecast_is_told_and_the_queue_counts(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumbles(*_: object) -> Mapping[str, Workload]:
        raise KeyError("a DAG of another kind")

    monkeypatch.setattr(database, "workloads", stumbles)
    recorder.queued = 40
    _, missing = measuring(ecs, state, database, recorder).look(NOW)
    assert "a DAG of another kind" in str(missing[0])
    assert recorder.metrics["WorkersGap"] > 0


def test_cold_starts_are_learnt_from_workers_that_accept(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder
) -> None:
    ecs.desired = 1
    ecs.start("a", created=NOW - 100, phase=Phase.ACCEPTING, accepting_since=NOW - 30)
    measuring(ecs, state, database, recorder).look(NOW)
    assert state.cold_starts("default") == {"a": pytest.approx(70.0)}


def test_cold_starts_that_cannot_be_read_are_not_forgotten(
    ecs: EcsService, state: ScalingState, database: Database, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.save_cold_starts("default", {"former": 180.0})
    ecs.desired = 1
    ecs.start("a", created=NOW - 100, phase=Phase.ACCEPTING, accepting_since=NOW - 30)
    with monkeypatch.context() as broken:
        broken.setattr(state, "cold_starts", lambda _: (_ for _ in ()).throw(RuntimeError("throttled")))
        _, missing = measuring(ecs, state, database, recorder).look(NOW)
    assert "throttled" in str(missing[0])
    assert recorder.metrics["WorkersPresent"] == 1
    assert state.cold_starts("default") == {"former": 180.0}


def test_what_was_learnt_is_kept_in_pieces_and_damage_is_nothing_learnt(dynamodb: Any) -> None:
    learnt = LearntState(dynamodb, state_table.NAME)
    assert learnt.durations() == Durations()
    assert learnt.unforeseen() is None
    durations = Durations(
        {
            f"dag_{number}": {f"task_{task}": Learnt(number * 1.3 + task, 1.0 + task) for task in range(9)}
            for number in range(9000)
        }
    )
    learnt.save_durations(durations)
    assert learnt.durations() == durations
    slots = UnforeseenSlots(NOW, {"default": 1.5})
    learnt.save_unforeseen(slots)
    assert learnt.unforeseen() == slots
    dynamodb.put_item(
        TableName=state_table.NAME, Item={"id": {"S": "durations#0"}, "count": {"N": "1"}, "piece": {"B": b"damaged"}}
    )
    assert learnt.durations() == Durations()
