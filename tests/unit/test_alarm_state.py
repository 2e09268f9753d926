"""The state of an alarm, by the tables of AWS's documentation."""

import dataclasses

import pytest

from local.emulator.alarm_state import Datapoint, Rule, State, decide

KEPT = "kept"


def rule(m: int, n: int, treat_missing_data: str) -> Rule:
    return Rule("GreaterThanThreshold", 1.0, n, m, treat_missing_data)  # type: ignore[arg-type]


def points(drawing: str) -> list[Datapoint]:
    """0 is in order, X breaches, - is missing; the newest stands right, as in AWS's tables."""
    values = {"0": 0.0, "X": 9.0, "-": None}
    return [Datapoint(60.0 * minute, values[mark]) for minute, mark in enumerate(drawing.split())]


def state(drawing: str, m: int, n: int, treat: str, current: State = "OK") -> str:
    return decide(rule(m, n, treat), points(drawing), current).state


# The columns: missing, ignore, breaching, notBreaching.
THREE_OF_THREE = [
    ("0 - X - X", "OK", "OK", "OK", "OK"),
    ("0 - - - -", "OK", "OK", "OK", "OK"),
    ("- - - - -", "INSUFFICIENT_DATA", KEPT, "ALARM", "OK"),
    ("0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("- - X - -", "ALARM", KEPT, "ALARM", "OK"),
]
TWO_OF_THREE = [
    ("0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0 - X - -", "OK", "OK", "ALARM", "OK"),
    ("- - - - 0", "OK", "OK", "ALARM", "OK"),
    ("- - - X -", "ALARM", KEPT, "ALARM", "OK"),
]


@pytest.mark.parametrize("current", ["OK", "ALARM", "INSUFFICIENT_DATA"])
@pytest.mark.parametrize(
    ("m", "drawing", "treat", "expected"),
    [
        (m, row[0], treat, expected)
        for m, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
        for row in table
        for treat, expected in zip(("missing", "ignore", "breaching", "notBreaching"), row[1:], strict=True)
    ],
)
def test_state_is_that_of_the_documented_table(m: int, drawing: str, treat: str, expected: str, current: State) -> None:
    assert state(drawing, m, 3, treat, current) == (current if expected == KEPT else expected)


@pytest.mark.parametrize("drawing", ["- - - - X", "- - - X -"])
def test_young_breaching_datapoints_among_missing_ones_do_not_alarm_yet(drawing: str) -> None:
    assert state(drawing, 3, 3, "missing") != "ALARM"
    assert state(drawing, 3, 3, "ignore", "OK") == "OK"


def test_data_that_stopped_is_reevaluated_until_it_leaves_the_range() -> None:
    assert state("- X -", 1, 1, "notBreaching") == "ALARM"
    assert state("X - -", 1, 1, "notBreaching") == "ALARM"
    assert state("- - -", 1, 1, "notBreaching") == "OK"
    assert state("- - -", 1, 1, "missing", "ALARM") == "INSUFFICIENT_DATA"


@pytest.mark.parametrize(
    ("comparison", "below", "equal", "above"),
    [
        ("GreaterThanThreshold", "OK", "OK", "ALARM"),
        ("GreaterThanOrEqualToThreshold", "OK", "ALARM", "ALARM"),
        ("LessThanThreshold", "ALARM", "OK", "OK"),
        ("LessThanOrEqualToThreshold", "ALARM", "ALARM", "OK"),
    ],
)
def test_comparison_is_the_operator_s(comparison: str, below: str, equal: str, above: str) -> None:
    compared = dataclasses.replace(rule(1, 1, "missing"), comparison=comparison)
    for value, expected in ((0.5, below), (1.0, equal), (1.5, above)):
        assert decide(compared, [Datapoint(0, value)], "OK").state == expected


def test_reason_names_the_datapoints_and_the_threshold() -> None:
    decision = decide(rule(2, 3, "missing"), points("0 0 X 0 X"), "OK")
    assert decision.reason == (
        "Threshold Crossed: 2 out of the last 3 datapoints [9.0 (01/01/70 00:02:00), 9.0 (01/01/70 00:04:00)] "
        "were greater than the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    assert [point.value for point in decision.evaluated] == [9.0, 0.0, 9.0]


def test_reason_says_how_missing_data_counted() -> None:
    assert "1 missing datapoint was treated as [NonBreaching]" in decide(rule(1, 1, "notBreaching"), [], "OK").reason
    assert decide(rule(1, 2, "missing"), points("- - - -"), "OK").reason.startswith("Insufficient Data: 2 datapoints")
