"""Walks the state machine of `stacks/metadata_migration.yaml` as Step Functions does, as far as that one goes.

https://states-language.net/spec.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.contract import templates

MOST_STATES = 2500
"""A history holds 25,000 events, of which a step, a choice and a wait are ten."""


class StateMachineError(AssertionError):
    """The definition asks for something that is not walked here, or does not end."""


@dataclass(frozen=True)
class Ended:
    """How an execution went."""

    entered: list[str]
    """The names of the states, in order."""
    error: str = ""
    cause: str = ""
    """As DescribeExecution tells, of one that failed."""


def definition() -> dict[str, Any]:
    resources = templates.stack("metadata_migration")["Resources"]
    return dict(resources["StateMachine"]["Properties"]["Definition"])


def walk(
    execution: str,
    began: str,
    given: dict[str, Any],
    invoke: Callable[[dict[str, Any]], Any],
    wait: Callable[[float], None],
) -> Ended:
    """Until its end. `began` is in ISO 8601, as the context object has it; `invoke` is the function; `wait` is given seconds."""
    states = definition()["States"]
    name, data, entered = definition()["StartAt"], dict(given), []
    while len(entered) < MOST_STATES:
        entered.append(name)
        state = states[name]
        match state["Type"]:
            case "Task":
                context = {"$$.Execution.Id": execution, "$$.Execution.StartTime": began}
                name = _task(state, context, data, invoke, wait)
            case "Choice":
                name = _choice(state, data)
            case "Wait":
                seconds = _at(state["SecondsPath"], data)
                if type(seconds) is not int:  # "cannot be parsed as a long value"
                    raise StateMachineError(f"{name} cannot wait for {seconds!r} s")
                wait(seconds)
                name = state["Next"]
            case "Succeed":
                return Ended(entered)
            case "Fail":
                return Ended(entered, _at(state["ErrorPath"], data), _at(state["CausePath"], data))
            case other:
                raise StateMachineError(f"{name} is a {other}")
    raise StateMachineError(f"no end after {MOST_STATES} states: {entered[-20:]}")


def _task(
    state: dict[str, Any],
    context: dict[str, str],
    data: dict[str, Any],
    invoke: Callable[[dict[str, Any]], Any],
    wait: Callable[[float], None],
) -> str:
    payload = {
        key.removesuffix(".$"): value
        if not key.endswith(".$")
        else context[value]
        if value in context
        else data[value.removeprefix("$.")]
        for key, value in state["Parameters"].items()
    }
    tries: dict[int, int] = {}
    while True:
        try:
            data[state["ResultPath"].removeprefix("$.")] = json.loads(
                json.dumps(invoke(json.loads(json.dumps(payload))))
            )
        except Exception as error:  # noqa: BLE001 - as Lambda's runtime
            kind = type(error).__name__
            number, retrier = next(
                (number, each)
                for number, each in enumerate(state["Retry"])
                if kind in each["ErrorEquals"] or "States.ALL" in each["ErrorEquals"]
            )
            tried = tries.get(number, 0)
            if tried < retrier.get("MaxAttempts", 3):
                tries[number] = tried + 1
                wait(
                    min(
                        retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2) ** tried,
                        retrier.get("MaxDelaySeconds", 1e9),
                    )
                )
                continue
            (catcher,) = state["Catch"]
            cause = json.dumps({"errorType": kind, "errorMessage": str(error)})
            data[catcher["ResultPath"].removeprefix("$.")] = {"Error": kind, "Cause": cause}
            return str(catcher["Next"])
        return str(state["Next"])


def _choice(state: dict[str, Any], data: dict[str, Any]) -> str:
    for rule in state["Choices"]:
        if _at(rule["Variable"], data) == rule["StringEquals"]:
            return str(rule["Next"])
    return str(state["Default"])


def _at(path: str, data: dict[str, Any]) -> Any:
    first, second = path.removeprefix("$.").split(".")
    return data[first][second]
