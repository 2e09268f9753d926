"""What the supervisor takes of that which a file's process says of itself: `farflow.dag_import.supervisor.answer`."""

import json
import signal
from typing import Any

import pytest

from farflow.dag_import.supervisor import answer

TOKEN = "5f0c"
RESULT = {"dag_ids": ["report"], "error": None, "stand_ins": []}


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\n"


TRUE = line(token=TOKEN, result=RESULT)
FORGED = line(token="", result=RESULT)


def outcome(said: bytes, *, status: int = 0, late: bool = False) -> str:
    return answer("a.py", said, TOKEN, status, 1.0, late).outcome


def test_result_with_the_token_is_taken() -> None:
    assert outcome(TRUE) == "imported"
    failed = RESULT | {"error": {"type": "KeyError", "message": "'x'", "line": 3}}
    assert outcome(line(token=TOKEN, result=failed)) == "failed"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(FORGED, id="without the token"),
        pytest.param(FORGED + TRUE, id="beside the true one"),
        pytest.param(TRUE + TRUE, id="twice"),
        pytest.param(b"{" + TRUE, id="no JSON"),
        pytest.param(line(token=TOKEN, result={}), id="empty"),
        pytest.param(line(token=TOKEN, result=[]), id="no object"),
    ],
)
def test_result_that_somebody_else_may_have_written_is_a_crash(said: bytes) -> None:
    """The file's own code can write into the pipe; the token it was not told."""
    assert outcome(said) == "crashed"


@pytest.mark.parametrize("status", [256, signal.SIGKILL, signal.SIGSEGV])
def test_result_of_a_process_that_did_not_end_well_is_a_crash(status: int) -> None:
    assert outcome(TRUE, status=status) == "crashed"


def test_result_that_came_too_late_is_none() -> None:
    assert outcome(TRUE, late=True) == "timed_out"
