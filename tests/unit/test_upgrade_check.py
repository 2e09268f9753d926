"""Which image an upgrade is tried with, and on which database."""

from __future__ import annotations

from typing import Any

import pytest

from local.restored_copy import Endpoint, name_of_copy
from local.trial_task import trial_container
from local.upgrade_image import configured

MIGRATION = {
    "name": "migration",
    "image": "airflow:old",
    "command": ["python", "-m", "farflow.migration"],
    "secrets": [
        {"name": "DATABASE_HOST", "valueFrom": "arn:secret:host::"},
        {"name": "DATABASE_PORT", "valueFrom": "arn:secret:port::"},
        {"name": "DATABASE_PASSWORD", "valueFrom": "arn:secret:password::"},
    ],
    "environment": [{"name": "PGSSLMODE", "value": "require"}],
    "logConfiguration": {"logDriver": "awslogs"},
}


def test_trial_knows_the_copy_s_address_and_no_other() -> None:
    """A secret that named the deployment's own database would have the trial migrate that."""
    trial = trial_container(MIGRATION, "airflow:new", Endpoint("copy.rds", 5433))
    assert trial["secrets"] == [{"name": "DATABASE_PASSWORD", "valueFrom": "arn:secret:password::"}]
    assert trial["environment"] == [
        {"name": "PGSSLMODE", "value": "require"},
        {"name": "DATABASE_HOST", "value": "copy.rds"},
        {"name": "DATABASE_PORT", "value": "5433"},
    ]
    assert (trial["image"], trial["command"]) == ("airflow:new", ["python", "-m", "farflow.upgrade_trial"])
    assert {name: trial[name] for name in ("name", "logConfiguration")} == {
        name: MIGRATION[name] for name in ("name", "logConfiguration")
    }


@pytest.mark.parametrize(
    ("parameters", "image"),
    [
        ({}, ""),
        ({"parameter_overrides": ["Parallelism=256", "AirflowImage=a/b:3@sha256:c"]}, "a/b:3@sha256:c"),
        ({"parameter_overrides": "Parallelism=256 AirflowImage=a/b:3"}, "a/b:3"),
        ({"parameter_overrides": ["AirflowImage="]}, ""),
        ({"parameter_overrides": ["AirflowBaseImage=a/b:3"]}, ""),
    ],
)
def test_image_is_what_samconfig_would_deploy(parameters: dict[str, Any], image: str) -> None:
    assert configured(parameters) == image


def test_name_of_a_copy_fits_rds_however_long_the_instance_s_is() -> None:
    """63 characters at most; the same for each check, so that none is forgotten."""
    name = name_of_copy("farflow-prod-data-1abcdefghijkl-database-" + "x" * 20)
    assert len(name) <= 63
    assert name == name_of_copy("farflow-prod-data-1abcdefghijkl-database-" + "x" * 20)
    assert name != name_of_copy("another")
