"""Which Python imports the DAGs."""

from pathlib import Path

import pytest

from dag_lint.errors import AirflowNotFoundError
from dag_lint.imports.airflow_python import CHECKOUT_PYTHON, airflow_python
from local import layout


def test_python_that_was_asked_for_is_taken(tmp_path: Path) -> None:
    python = layout.ROOT / CHECKOUT_PYTHON
    assert airflow_python(python, tmp_path) == python


def test_python_without_airflow_is_refused_though_asked_for(tmp_path: Path) -> None:
    with pytest.raises(AirflowNotFoundError, match="--python"):
        airflow_python(layout.STATE / "env/tools/bin/python", tmp_path)


def test_checkout_s_python_is_found_from_within_it() -> None:
    assert airflow_python(None, layout.ROOT / "dags") == layout.ROOT / CHECKOUT_PYTHON


def test_elsewhere_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(AirflowNotFoundError, match="make setup"):
        airflow_python(None, tmp_path)
