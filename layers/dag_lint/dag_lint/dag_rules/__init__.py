"""The lint's own rules about DAG files: one file for each subject."""

from __future__ import annotations

from .circles import circles
from .identifiers import bad_identifiers
from .import_work import work_at_import
from .numbers import numbers_out_of_range
from .ownership import unowned_dags
from .reading import Check, Reading
from .schedules import bad_schedules
from .task_ids import duplicate_task_ids
from .template_files import missing_template_files
from .templates import broken_templates
from .trigger_rules import unknown_trigger_rules

CHECKS: tuple[Check, ...] = (
    duplicate_task_ids,
    circles,
    bad_schedules,
    unknown_trigger_rules,
    bad_identifiers,
    work_at_import,
    missing_template_files,
    broken_templates,
    numbers_out_of_range,
    unowned_dags,
)
"""Each looks at one DAG file. What needs several files is in `whole_tree`."""

__all__ = ["CHECKS", "Check", "Reading"]
