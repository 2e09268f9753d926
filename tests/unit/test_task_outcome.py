"""What an ECS task has come to: `metadata_migrator.task_outcome`."""

import pytest

from metadata_migrator.task_outcome import Failed, Running, Succeeded, outcome


@pytest.mark.parametrize("status", ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING"])
def test_task_that_has_not_stopped_is_running(status: str) -> None:
    assert outcome({"lastStatus": status, "containers": [{"exitCode": 0}]}) == Running()


def test_exit_code_zero_is_success() -> None:
    assert outcome({"lastStatus": "STOPPED", "containers": [{"exitCode": 0}]}) == Succeeded()


def test_other_exit_code_is_failure_with_its_reason() -> None:
    task = {
        "lastStatus": "STOPPED",
        "stoppedReason": "Essential container in task exited",
        "containers": [{"exitCode": 3, "reason": "OutOfMemoryError"}],
    }
    result = outcome(task)
    assert isinstance(result, Failed)
    assert result.reason == "Essential container in task exited; OutOfMemoryError; its container exited with 3"


@pytest.mark.parametrize("containers", [[], [{}], [{"exitCode": None}], [{"exitCode": 0}, {}]])
def test_missing_exit_code_is_failure(containers: list[dict[str, object]]) -> None:
    """ECS leaves it out when a container never ran: unknown is not zero."""
    assert isinstance(outcome({"lastStatus": "STOPPED", "containers": containers}), Failed)
