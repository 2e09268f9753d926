"""Which modules the import loads before it forks: installed operators that files name, and nothing else."""

import pytest

from farflow.dag_import.airflow_modules import MOST_MODULES, load, module_names


def test_operators_are_loaded_those_of_most_files_first() -> None:
    bash = b"from airflow.providers.standard.operators.bash import BashOperator\n"
    s3 = b"def f():\n    import airflow.providers.amazon.aws.sensors.s3\n"
    names = ["airflow.providers.standard.operators.bash", "airflow.providers.amazon.aws.sensors.s3"]
    assert module_names([s3 + bash, bash]) == names


@pytest.mark.parametrize(
    "line",
    [
        b"import team.operators.mine",
        b"from airflow.providers.celery.executors.celery_executor import CeleryExecutor",
        b"from airflow.settings import Session",
        b"# from airflow.providers.standard.operators.bash import BashOperator",
        b"from airflow.providers import standard",
    ],
)
def test_nothing_but_operators_is_loaded(line: bytes) -> None:
    """A file says which modules, so none may be among them that does more than to define classes."""
    assert module_names([line]) == []


def test_a_file_cannot_have_any_number_of_modules_loaded() -> None:
    lines = (b"import airflow.providers.a%d.operators.b\n" % number for number in range(10 * MOST_MODULES))
    assert len(module_names([b"".join(lines)])) == MOST_MODULES


def test_module_that_is_not_there_hinders_nothing() -> None:
    load(["airflow.providers.not_there.operators.bash", "airflow.providers..operators.bash"])
