"""Single cases of the forecast that random worlds seldom meet."""

from datetime import UTC, datetime

from control_plane.worker_scaling.workload import Work
from workload_metrics.dag_structure import DagStructure, Task
from workload_metrics.durations import Durations, Learnt
from workload_metrics.forecast import forecast
from workload_metrics.observation import Dag, Instances, Observation, Pool, Progress, QueuedRuns, Run

NOW = 1_000_000.0
DURATIONS = Durations({"dag": {name: Learnt(10.0) for name in "abcd"}})


def chain(*tasks: Task) -> DagStructure:
    """Each waits for the one before it."""
    linked = {}
    for number, task in enumerate(tasks):
        above = {each.task_id for each in tasks[max(0, number - 1) : number]}
        below = {each.task_id for each in tasks[number + 1 : number + 2]}
        linked[task.task_id] = Task(
            **{**vars(task), "upstream": task.upstream | above, "downstream": task.downstream | below}
        )
    return DagStructure("dag", linked)


def foreseen(
    structure: DagStructure,
    states: dict[str, str | None] | None = None,
    *instances: Instances,
    durations: Durations = DURATIONS,
    queued: tuple[QueuedRuns, ...] = (),
    next_run_at: float | None = None,
) -> dict[str, tuple[Work, ...]]:
    observation = Observation(
        NOW,
        instances,
        (Run("dag", "run", datetime(2026, 1, 1, tzinfo=UTC), "v"),) if states else (),
        queued,
        tuple(Progress("dag", "run", task_id, state, 1) for task_id, state in (states or {}).items()),
        {"dag": Dag("dag", False, 16, 16, next_run_at, version_id="v")},
        {"default_pool": Pool("default_pool", 128, include_deferred=False)},
    )
    made = forecast(observation, {"v": structure}, durations, NOW + 100)
    return {queue: found.foreseen for queue, found in made.workloads.items()}


def test_failure_passes_down_to_the_task_that_runs_in_any_case() -> None:
    structure = chain(Task("a"), Task("b"), Task("c"), Task("d", trigger_rule="all_done"))
    found = foreseen(structure, {"a": "failed", "b": None, "c": None, "d": None})
    assert found == {"default": (Work(NOW, 10.0),)}


def test_branch_that_is_mostly_skipped_is_not_foreseen_and_does_not_hold_up_what_joins_it() -> None:
    tasks = {
        "a": Task("a", downstream=frozenset("bc")),
        "b": Task("b", upstream=frozenset("a"), downstream=frozenset("d")),
        "c": Task("c", upstream=frozenset("a"), downstream=frozenset("d")),
        "d": Task("d", upstream=frozenset("bc"), trigger_rule="none_failed_min_one_success"),
    }
    learnt = {"a": Learnt(10.0), "b": Learnt(5.0, 0.9), "c": Learnt(50.0, 0.1), "d": Learnt(10.0)}
    found = foreseen(DagStructure("dag", tasks), durations=Durations({"dag": learnt}), next_run_at=NOW + 20)
    assert found == {"default": (Work(NOW + 20, 10.0), Work(NOW + 30, 5.0), Work(NOW + 35, 10.0))}


def test_mapped_task_of_a_coming_run_is_as_wide_as_lately() -> None:
    structure = chain(Task("a"), Task("b", is_mapped=True, queue="big"))
    durations = Durations({"dag": {"a": Learnt(10.0), "b": Learnt(20.0, 6.0)}})
    found = foreseen(structure, durations=durations, next_run_at=NOW + 1)
    assert found["big"] == (Work(NOW + 11, 20.0, 6),)


def test_empty_operators_take_no_time_and_no_slot() -> None:
    structure = chain(Task("a", takes_slot=False), Task("b", takes_slot=False), Task("c"))
    assert foreseen(structure, next_run_at=NOW + 5) == {"default": (Work(NOW + 5, 10.0),)}


def test_other_executor_s_task_is_waited_for_and_not_counted() -> None:
    structure = chain(Task("a", executor="LocalExecutor"), Task("b"))
    assert foreseen(structure, next_run_at=NOW + 5) == {"default": (Work(NOW + 15, 10.0),)}


def test_task_that_begins_in_the_triggerer_is_not_foreseen_nor_what_waits_for_it() -> None:
    assert foreseen(chain(Task("a", starts_deferred=True), Task("b")), next_run_at=NOW + 5) == {}


def test_backfill_s_runs_begin_within_its_own_limit() -> None:
    queued = (QueuedRuns("dag", 7, 2, 5),)
    assert foreseen(chain(Task("a")), queued=queued) == {
        "default": tuple(Work(NOW + 10 * turn, 10.0, 2 if turn < 2 else 1) for turn in range(3))
    }


def test_task_that_the_newest_version_lacks_holds_its_slot_and_nothing_more() -> None:
    running = Instances("dag", "run", "gone", "running", "default", None, "default_pool", 1, 1, hostname="h", since=NOW)
    found = foreseen(chain(Task("a"), Task("b")), {"a": "success", "b": None, "gone": "running"}, running)
    assert found == {"default": (Work(NOW, 10.0),)}


def test_next_run_that_is_overdue_is_wanted_now() -> None:
    assert foreseen(chain(Task("a")), next_run_at=NOW - 300) == {"default": (Work(NOW, 10.0),)}


def test_new_task_s_waiting_instances_take_as_long_as_those_that_run_show() -> None:
    place = ("default", None, "default_pool", 1, 1)
    running = Instances(
        "dag", "run", "new", "running", *place, count=4, hostname="h", since=NOW - 80, run_state="running"
    )
    queued = Instances("dag", "run", "new", "queued", *place, count=12, since=NOW - 80, run_state="running")
    observation = Observation(
        NOW,
        (running, queued),
        (Run("dag", "run", datetime(2026, 1, 1, tzinfo=UTC), "v"),),
        progress=(Progress("dag", "run", "new", "running", 4), Progress("dag", "run", "new", "queued", 12)),
        dags={"dag": Dag("dag", False, 16, 16, version_id="v")},
        pools={"default_pool": Pool("default_pool", 128, include_deferred=False)},
    )
    made = forecast(observation, {"v": chain(Task("new"))}, Durations({"other": {"a": Learnt(1.0)}}), NOW + 100)
    assert made.workloads["default"].waiting == (Work(NOW - 80, 100.0, 12),)
