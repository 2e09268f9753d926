"""The list of Airflow's examples is complete: a new one is either run or left out with a reason."""

from tests.e2e import airflow_examples


def test_each_installed_example_is_run_or_left_out() -> None:
    assert set(airflow_examples.installed()) == set(airflow_examples.RUN) | set(airflow_examples.LEFT_OUT)
    assert not set(airflow_examples.RUN) & set(airflow_examples.LEFT_OUT)


def test_at_least_twenty_run() -> None:
    assert len(airflow_examples.RUN) >= 20
