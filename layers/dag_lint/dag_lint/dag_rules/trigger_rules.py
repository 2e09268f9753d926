"""FL207: trigger rules that Airflow does not have."""

from __future__ import annotations

from collections.abc import Iterator

from dag_lint.finding import Finding
from dag_lint.rules import finding
from dag_lint.syntax.dag_module import keyword_of

from .reading import Reading

TRIGGER_RULES = frozenset(
    {
        *("all_success", "all_failed", "all_done", "all_done_min_one_success", "all_done_setup_success", "all_skipped"),
        *(
            "one_success",
            "one_failed",
            "one_done",
            "none_failed",
            "none_failed_min_one_success",
            "none_skipped",
            "always",
        ),
    }
)
"""`airflow.task.trigger_rule.TriggerRule` of Airflow 3.3; a test compares them."""


def unknown_trigger_rules(reading: Reading) -> Iterator[Finding]:
    """Trigger rules that are written out as text."""
    module = reading.module
    given = [keyword_of(call, "trigger_rule") for call in module.task_arguments]
    given += [entries.get("trigger_rule") for entries in module.default_arguments]
    for node in given:
        name = module.literal(node)
        if node is not None and isinstance(name, str) and name not in TRIGGER_RULES:
            known = ", ".join(sorted(TRIGGER_RULES))
            yield finding("FL207", module.path, node.lineno, f"there is no trigger rule {name!r}; there are {known}")
