"""Template environment = what the code reads: no variable is missing, none is set that nothing reads."""

import importlib
import json
import subprocess

import pytest

from control_plane.settings import variable_names
from local import layout
from tests.contract import templates

POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"}
"""Read by Powertools itself."""


def folders() -> list[str]:
    return sorted(path.parent.name for path in (layout.ROOT / "functions").glob("*/handler.py"))


def test_every_function_folder_is_in_the_template() -> None:
    assert folders() == sorted(templates.functions())


@pytest.mark.parametrize("folder", folders())
def test_function_s_variables_are_those_its_settings_read(folder: str) -> None:
    has_settings = (layout.ROOT / "functions" / folder / "settings.py").exists()
    read = variable_names(importlib.import_module(f"{folder}.settings").Settings) if has_settings else set()
    assert templates.environment_keys(templates.functions()[folder]) == read | POWERTOOLS


@pytest.mark.parametrize("folder", folders())
def test_function_is_named_after_its_folder(folder: str) -> None:
    variables = templates.functions()[folder]["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == folder


def container() -> dict[str, list[dict[str, object]]]:
    (definition,) = templates.stack("airflow_service")["Resources"]["TaskDefinition"]["Properties"][
        "ContainerDefinitions"
    ]
    return definition


def names(entries: list[dict[str, object]]) -> list[str]:
    chosen = [entry["Fn::If"][1] if "Fn::If" in entry else entry for entry in entries]  # type: ignore[index]
    return [str(entry["Name"]) for entry in chosen]


def test_each_airflow_setting_stands_once() -> None:
    found = names(container()["Environment"]) + names(container()["Secrets"])
    assert len(found) == len(set(found))


def test_each_airflow_setting_is_one_that_airflow_knows() -> None:
    """Airflow ignores a misspelt setting without a word."""
    code = (
        "import json, importlib.metadata\n"
        "from airflow.configuration import conf\n"
        "print(json.dumps({s: list(conf.configuration_description[s]['options'])"
        " for s in conf.configuration_description}))"
    )
    python = str(layout.environment_python("airflow"))
    environ = {"PATH": "/usr/bin:/bin", "AIRFLOW_HOME": str(layout.STATE / "contract-airflow-home")}
    answer = subprocess.run([python, "-c", code], env=environ, capture_output=True, text=True, check=True)
    known = {
        f"AIRFLOW__{section.upper()}__{option.upper()}"
        for section, options in json.loads(answer.stdout.splitlines()[-1]).items()
        for option in options
    }
    # Handed to kombu as they are, which documents them: https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.SQS.html
    broker = {
        f"AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__{option}"
        for option in ("REGION", "PREDEFINED_QUEUES", "VISIBILITY_TIMEOUT", "WAIT_TIME_SECONDS", "POLLING_INTERVAL")
    }
    settings = {name for name in names(container()["Environment"]) + names(container()["Secrets"]) if "__" in name}
    assert settings - known - broker == set()


def test_settings_expand_only_what_secrets_inject() -> None:
    import re

    injected = set(names(container()["Secrets"]))
    for entry in container()["Environment"]:
        value = (entry["Fn::If"][1] if "Fn::If" in entry else entry)["Value"]  # type: ignore[index]
        if isinstance(value, str):
            assert set(re.findall(r"\$\{(\w+)\}", value)) <= injected


def test_no_setting_holds_a_secret() -> None:
    for name in names(container()["Environment"]):
        assert not any(word in name for word in ("PASSWORD", "JWT_SECRET", "SECRET_KEY")), name


def test_celery_leaves_the_repeating_of_sends_to_the_executor() -> None:
    """Celery's own way ends in an AttributeError after a dropped connection, which fails the task."""
    (value,) = (entry["Value"] for entry in container()["Environment"] if "EXTRA_CELERY_CONFIG" in str(entry))
    assert json.loads(str(value))["task_publish_retry"] is False
