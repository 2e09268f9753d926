"""FL206: schedules that Airflow cannot read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from croniter import CroniterError, croniter

from dag_lint.finding import Finding
from dag_lint.rules import finding
from dag_lint.syntax.dag_module import Module, keyword_of

from .reading import Reading

PRESETS = frozenset(
    {
        *("@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly"),
    }
)
"""Source: https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/cron.html"""

CRON_TIMETABLES = (
    "CronTriggerTimetable",
    "CronDataIntervalTimetable",
    "MultipleCronTriggerTimetable",
    "CronPartitionTimetable",
)


def bad_schedules(reading: Reading) -> Iterator[Finding]:
    """Schedules and cron timetables that are written out."""
    module = reading.module
    for expression, node in _expressions(module):
        mistake = cron_mistake(expression)
        if mistake:
            yield finding("FL206", module.path, node.lineno, f"{expression!r} is no schedule: {mistake}")


@lru_cache(maxsize=1000)  # a folder's schedules are mostly the same few
def cron_mistake(expression: str) -> str | None:
    """What is wrong with a schedule; None if nothing is. Read with what Airflow reads it with."""
    if expression in PRESETS:
        return None
    try:
        croniter(expression)
    except (CroniterError, ValueError, KeyError, AttributeError, TypeError) as error:
        return str(error)
    return None


def _expressions(module: Module) -> Iterator[tuple[str, ast.expr]]:
    for call in _scheduled(module):
        given = keyword_of(call, "schedule")
        schedule = module.literal(given)
        if isinstance(schedule, str) and given is not None:
            yield schedule, given
    for call in module.airflow_calls(*CRON_TIMETABLES):
        several = module.is_airflow(call.func, "MultipleCronTriggerTimetable")
        named = [value for name in ("cron", "expression") if (value := keyword_of(call, name)) is not None]
        for given in [*(call.args if several else call.args[:1]), *named]:
            expression = module.literal(given)
            if isinstance(expression, str):
                yield expression, given


def _scheduled(module: Module) -> Iterator[ast.Call]:
    for dag in module.dags:
        if dag.arguments is not None:
            yield dag.arguments
    for function in module.functions:
        decorator = module.decorator(function, "asset")
        if isinstance(decorator, ast.Call):
            yield decorator
