"""Whether a queued task's token lasts: `farflow.expired_workloads`, run by the interpreter of the Airflow environment."""

import json
import math
from pathlib import Path

import pytest

from tests.unit.test_airflow_extension import in_airflow

ASK = """
import jwt
from farflow.expired_workloads import seconds_left
print(seconds_left({workload}, 1_000_000.0))
"""


@pytest.mark.parametrize("left", [-1800.0, 29.0, 1800.0])
def test_token_says_until_when_it_may_be_used(tmp_path: Path, left: float) -> None:
    workload = f"'{{\"token\": \"' + jwt.encode({{'exp': {1_000_000 + int(left)}}}, 'k' * 32) + '\"}}'"
    assert float(in_airflow(ASK.format(workload=workload), tmp_path)) == left


@pytest.mark.parametrize("workload", ["", "no JSON", "[]", "{}", '{"token": null}', '{"token": "none"}'])
def test_what_is_no_token_is_airflow_s_to_refuse(tmp_path: Path, workload: str) -> None:
    assert float(in_airflow(ASK.format(workload=json.dumps(workload)), tmp_path)) == math.inf
