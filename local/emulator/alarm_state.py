"""Which state a CloudWatch alarm is in, by AWS's rules, without a clock and without a store.

How datapoints, M out of N and missing data make a state:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
TreatMissingData = Literal["missing", "notBreaching", "breaching", "ignore"]

COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}

EXTRA_PERIODS = 2
"""AWS looks back further than EvaluationPeriods and does not say how far; its examples take 5 periods for 3."""


@dataclass(frozen=True)
class Rule:
    """When an alarm fires: `datapoints_to_alarm` (M) of `evaluation_periods` (N) compare with the threshold."""

    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    treat_missing_data: TreatMissingData

    @property
    def range(self) -> int:
        """How many of the latest periods are looked at, in case some of them hold no data."""
        return self.evaluation_periods + EXTRA_PERIODS

    def breached_by(self, value: float) -> bool:
        return COMPARISONS[self.comparison][0](value, self.threshold)


@dataclass(frozen=True)
class Datapoint:
    """One period: its start in seconds since the epoch, and its statistic, or None without data."""

    timestamp: float
    value: float | None


@dataclass(frozen=True)
class Decision:
    """The state an alarm should be in, a sentence why, and the datapoints that decided, the newest first."""

    state: State
    reason: str
    evaluated: tuple[Datapoint, ...]


def decide(rule: Rule, datapoints: Sequence[Datapoint], current: State) -> Decision:
    """The state after `datapoints`, the latest `rule.range` periods with the oldest first.

    - As many datapoints as `evaluation_periods`: the newest of them decide, wherever they lie in the range.
    - Fewer: what is lacking counts as `treat_missing_data` says, and as few times as possible.
    - Breaching datapoints that are too few for M, but the oldest of which is M periods old, alarm all the
      same when nothing newer is in order, lest an intermittent metric never alarms.
    """
    known = [point for point in datapoints if point.value is not None]
    if len(known) >= rule.evaluation_periods:
        return _by_threshold(rule, known[-rule.evaluation_periods :], 0)
    if rule.treat_missing_data == "breaching":
        return _by_threshold(rule, known, rule.evaluation_periods - len(known), "Breaching")
    if rule.treat_missing_data == "notBreaching":
        return _by_threshold(rule, known, 0, "NonBreaching")

    in_order = [point for point in known if point.value is not None and not rule.breached_by(point.value)]
    if in_order or len(known) >= rule.datapoints_to_alarm:
        return _by_threshold(rule, known, 0)
    if rule.treat_missing_data == "ignore":
        return Decision(current, "Unchanged: missing data is ignored.", tuple(reversed(known)))
    return _too_few_and_all_breaching(rule, datapoints, known)


def _too_few_and_all_breaching(rule: Rule, datapoints: Sequence[Datapoint], known: Sequence[Datapoint]) -> Decision:
    if known and len(datapoints) - datapoints.index(known[0]) >= rule.datapoints_to_alarm:
        return Decision("ALARM", _sentence(rule, known, "ALARM"), tuple(reversed(known)))
    # That a few young breaching datapoints are no alarm yet stands on the page, but not what they are;
    # its edition of 2018 has INSUFFICIENT_DATA in the table.
    unknown = rule.evaluation_periods - len(known)
    return Decision(
        "INSUFFICIENT_DATA",
        f"Insufficient Data: {_count(unknown, 'datapoint')} {'was' if unknown == 1 else 'were'} unknown.",
        tuple(reversed(known or datapoints)),
    )


def _by_threshold(rule: Rule, known: Sequence[Datapoint], filled_breaching: int, treated_as: str = "") -> Decision:
    breaching = sum(1 for point in known if point.value is not None and rule.breached_by(point.value))
    state: State = "ALARM" if breaching + filled_breaching >= rule.datapoints_to_alarm else "OK"
    if known:
        reason = _sentence(rule, known, state)
    else:
        reason = (
            f"Threshold Crossed: no datapoints were received for {_count(rule.evaluation_periods, 'period')} and "
            f"{_count(rule.evaluation_periods, 'missing datapoint')} "
            f"{'was' if rule.evaluation_periods == 1 else 'were'} treated as [{treated_as}]."
        )
    return Decision(state, reason, tuple(reversed(known)))


def _sentence(rule: Rule, known: Sequence[Datapoint], state: State) -> str:
    wanted = state == "ALARM"
    listed = [point for point in known if point.value is not None and rule.breached_by(point.value) == wanted]
    values = ", ".join(
        f"{point.value} ({datetime.fromtimestamp(point.timestamp, UTC):%d/%m/%y %H:%M:%S})" for point in listed
    )
    verb = ("was" if len(listed) == 1 else "were") + ("" if wanted else " not")
    needed = rule.datapoints_to_alarm if wanted else rule.evaluation_periods - rule.datapoints_to_alarm + 1
    return (
        f"Threshold Crossed: {len(listed)} out of the last {rule.evaluation_periods} datapoints [{values}] "
        f"{verb} {COMPARISONS[rule.comparison][1]} the threshold ({rule.threshold}) "
        f"(minimum {_count(needed, 'datapoint')} for {'OK -> ALARM' if wanted else 'ALARM -> OK'} transition)."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
