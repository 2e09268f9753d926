"""The small pure parts of `workload_metrics`: limits, trigger rules, durations, and the mean of what nobody foresaw."""

import math

import pytest

from workload_metrics.admission import PARALLELISM, Admission, Candidate, Limits, pool
from workload_metrics.durations import (
    OVERDUE_GROWTH,
    UNKNOWN_SECONDS,
    Durations,
    Learnt,
    decode,
    encode,
    learnt_from,
    residual_seconds,
)
from workload_metrics.trigger_rules import Verdict, verdict
from workload_metrics.unforeseen import MEMORY_SECONDS, UnforeseenSlots, updated


def admitted(free: float, *asking: tuple[float, int, int]) -> list[tuple[float, int]]:
    """Of candidates with priority, slots and count, those that a pool with so many free slots lets in."""
    into: list[tuple[float, int]] = []
    admission = Admission(Limits(lambda limit: free if limit == pool("p") else math.inf))
    for priority, slots, count in asking:

        def admit(number: int, priority: float = priority) -> None:
            into.append((priority, number))

        admission.add(Candidate((-priority, 0.0, "", "", ""), {pool("p"): slots, PARALLELISM: 1}, count, admit))
    admission.settle()
    return into


def test_higher_priority_is_admitted_first() -> None:
    assert admitted(2, (1, 1, 1), (5, 1, 1), (3, 1, 1)) == [(5, 1), (3, 1)]


def test_what_does_not_fit_lets_through_what_does() -> None:
    assert admitted(2, (5, 3, 1), (1, 1, 3)) == [(1, 2)]


def test_overfull_pool_admits_nobody() -> None:
    assert admitted(-2, (1, 1, 1)) == []


def test_rest_of_a_group_is_admitted_when_slots_are_given_back() -> None:
    into: list[int] = []
    admission = Admission(Limits(lambda _: 2))
    demand = {pool("p"): 1}
    admission.add(Candidate((0.0, 0.0, "", "", ""), demand, 5, into.append))
    admission.settle()
    admission.give_back(demand, 1)
    admission.settle()
    admission.settle()
    assert into == [2, 1]


@pytest.mark.parametrize(
    ("rule", "outcomes", "expected"),
    [
        ("all_success", [], Verdict.RUN),
        ("all_success", ["success", "success"], Verdict.RUN),
        ("all_success", ["success", None], Verdict.WAIT),
        ("all_success", ["failed", None], Verdict.UPSTREAM_FAILED),
        ("all_success", ["skipped", None], Verdict.SKIPPED),
        ("all_failed", ["failed", "success"], Verdict.UPSTREAM_FAILED),
        ("all_failed", ["failed", "upstream_failed"], Verdict.RUN),
        ("all_done", ["failed", "skipped"], Verdict.RUN),
        ("all_done", ["failed", None], Verdict.WAIT),
        ("all_done_min_one_success", ["success", "failed"], Verdict.RUN),
        ("all_done_min_one_success", ["failed", "skipped"], Verdict.UPSTREAM_FAILED),
        ("all_done_setup_success", ["success", "failed"], Verdict.RUN),
        ("all_skipped", ["skipped", "skipped"], Verdict.RUN),
        ("always", [None], Verdict.RUN),
        ("none_failed", ["skipped", "success"], Verdict.RUN),
        ("none_failed", ["failed", None], Verdict.UPSTREAM_FAILED),
        ("none_failed_min_one_success", ["skipped", "skipped"], Verdict.SKIPPED),
        ("none_skipped", ["failed", "success"], Verdict.RUN),
        ("one_success", ["success", None], Verdict.RUN),
        ("one_success", ["failed", None], Verdict.WAIT),
        ("one_failed", ["failed", None], Verdict.RUN),
        ("one_failed", ["success", "success"], Verdict.SKIPPED),
        ("one_done", ["skipped", None], Verdict.WAIT),
        ("one_done", ["failed", None], Verdict.RUN),
        ("a rule of a later Airflow", ["failed", None], Verdict.WAIT),
        ("a rule of a later Airflow", ["failed"], Verdict.RUN),
    ],
)
def test_trigger_rule(rule: str, outcomes: list[str | None], expected: Verdict) -> None:
    assert verdict(rule, outcomes) is expected


def test_unknown_task_takes_as_long_as_its_dag_s_tasks_and_an_unknown_dag_as_all() -> None:
    durations = Durations({"a": {"x": Learnt(10.0), "y": Learnt(20.0), "z": Learnt(60.0)}, "b": {"x": Learnt(100.0)}})
    assert durations.seconds("a", "y") == 20.0
    assert durations.seconds("a", "new") == 20.0
    assert durations.seconds("new", "x") == 40.0
    assert Durations().seconds("a", "x") == UNKNOWN_SECONDS


def test_task_that_is_mostly_skipped_is_not_expected_and_a_mapped_one_as_wide_as_lately() -> None:
    durations = Durations({"a": {"branch": Learnt(1.0, 0.3), "half": Learnt(1.0, 0.5), "mapped": Learnt(1.0, 7.6)}})
    assert [durations.width("a", task_id) for task_id in ("branch", "half", "mapped", "new")] == [0, 1, 8, 1]


def test_residual_falls_until_it_is_overdue_and_then_grows_with_age() -> None:
    assert residual_seconds(100.0, 0.0) == 100.0
    assert residual_seconds(100.0, 60.0) == 40.0
    assert residual_seconds(100.0, 100.0) == 100 * OVERDUE_GROWTH
    assert residual_seconds(100.0, 1000.0) == 1000 * OVERDUE_GROWTH


def test_learnt_durations_survive_encoding_in_pieces() -> None:
    durations = learnt_from((f"dag_{d}", f"task_{t}", d + t * 1.23456, 1 + t % 3) for d in range(40) for t in range(40))
    chunks = encode(durations, chunk_bytes=1000)
    assert len(chunks) > 1
    assert max(map(len, chunks)) <= 1000
    assert decode(chunks) == durations
    assert decode(encode(Durations())) == Durations()


@pytest.mark.parametrize("damage", [lambda chunks: chunks[:-1], lambda chunks: [], lambda chunks: [b"x", *chunks]])
def test_learnt_durations_that_are_not_all_there_are_refused(damage) -> None:
    chunks = encode(Durations({f"dag_{number}": {"t": Learnt(number)} for number in range(500)}), chunk_bytes=500)
    with pytest.raises(ValueError, match="cannot be read"):
        decode(damage(chunks))


def test_mean_of_unforeseen_slots_forgets() -> None:
    assert updated(None, 0.0, {"default": 8}).slots == {}, "the first look says nothing of what was before it"
    mean = UnforeseenSlots(0.0, {"default": 8.0})
    later = updated(mean, MEMORY_SECONDS, {})
    assert later.slots["default"] == pytest.approx(8 / math.e)
    assert updated(later, 20 * MEMORY_SECONDS, {}).slots == {}


def test_mean_of_unforeseen_slots_does_not_depend_on_how_often_it_is_looked() -> None:
    often = once = UnforeseenSlots(0.0, {"default": 2.0})
    for second in range(10, 610, 10):
        often = updated(often, float(second), {"default": 6})
    once = updated(once, 600.0, {"default": 6})
    assert often.slots["default"] == pytest.approx(once.slots["default"])


def test_clock_that_goes_back_leaves_the_mean() -> None:
    mean = UnforeseenSlots(100.0, {"default": 2.0})
    assert updated(mean, 50.0, {"default": 9}).slots == mean.slots
