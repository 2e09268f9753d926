"""Run by the Python that has Airflow: what Airflow itself says of a folder. Prints one JSON object."""

import json
import logging
import sys
from pathlib import Path

logging.disable(logging.CRITICAL)


def main(folder: str, cases: list[list[str]]) -> None:
    from airflow._shared.module_loading.file_discovery import find_path_from_directory
    from airflow.sdk.definitions._internal.node import validate_group_key, validate_key
    from airflow.sdk.definitions.timetables._cron import CRON_PRESETS
    from airflow.task.trigger_rule import TriggerRule
    from airflow.utils.file import might_contain_dag_via_default_heuristic

    def refused(check, value: str) -> bool:
        try:
            check(value)
        except (ValueError, TypeError):
            return True
        return False

    found = sorted(
        str(Path(path).relative_to(folder)) for path in find_path_from_directory(folder, ".airflowignore", "glob")
    )
    answers = {
        "found": found,
        "opened": [path for path in found if might_contain_dag_via_default_heuristic(str(Path(folder, path)))],
        "trigger_rules": sorted(rule.value for rule in TriggerRule),
        "presets": sorted({*CRON_PRESETS, "@once", "@continuous"}),
        "refused_keys": [key for key in cases[0] if refused(validate_key, key)],
        "refused_group_keys": [key for key in cases[0] if refused(validate_group_key, key)],
    }
    print("ANSWERS" + json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
