"""Whether a queued task's token lasts: `farflow.expired_workloads`, run by the interpreter of the Airflow environment."""

import json
import math
from pathlib import Path

import pytest

from tests.unit.test_airflow_extension import in_airflow

ASK = """
import json
import jwt
from farflow.expired_workloads import seconds_left
print(seconds_left({workload}, 1_000_000.0))
"""


@pytest.mark.parametrize("left", [-1800.0, 29.0, 1800.0])
def test_token_says_until_when_it_may_be_used(tmp_path: Path, left: float) -> None:
    assert seconds_left("ExecuteTask", left, tmp_path) == left


def test_callback_is_never_left_to_the_scheduler(tmp_path: Path) -> None:
    assert seconds_left("ExecuteCallback", -1800.0, tmp_path) == math.inf


@pytest.mark.parametrize(
    "workload",
    ["", "no JSON", "[]", "{}", '{"type": "ExecuteTask", "token": null}', '{"type": "ExecuteTask", "token": "none"}'],
)
def test_what_is_no_token_is_airflow_s_to_refuse(tmp_path: Path, workload: str) -> None:
    assert float(in_airflow(ASK.format(workload=json.dumps(workload)), tmp_path)) == math.inf


def seconds_left(kind: str, left: float, tmp_path: Path) -> float:
    """As told of a workload of that kind whose token has so many seconds left."""
    token = f"jwt.encode({{'exp': {1_000_000 + int(left)}}}, 'k' * 32)"
    workload = f"json.dumps({{'type': {kind!r}, 'token': {token}}})"
    return float(in_airflow(ASK.format(workload=workload), tmp_path))
