"""The function `lint_sandbox`: the image itself as a Lambda function, which imports DAG files that nobody trusts yet.

Its role may write a log and nothing else, its security group lets nothing out, and it has no file system but its own.
It answers what came of each file; that is a reason against a file, never one for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from farflow.dag_import import isolation

RESERVE_SECONDS = 5.0
"""For telling that there was not time enough, before Lambda ends the function."""

PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "AIRFLOW_HOME")
"""Of the environment, which has the role's credentials. The runtime sets PYTHONPATH in a function's own environment."""

LOGGED_CHARACTERS = 2_000


class SandboxError(RuntimeError):
    """There is no answer, for any file."""


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event` is a request of `farflow.dag_import`, the return value its reply and whose image's it is. Raises `SandboxError`.

    Each run is a process of its own: what one of them does to its interpreter or leaves in /tmp is over with it.
    """
    isolation.hide_memory()  # what is imported runs as the same user, and this environment has the role's credentials
    environ = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    seconds = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    told_in_time = str(max(0.0, seconds - RESERVE_SECONDS))
    command = [sys.executable, "-m", "farflow.dag_import", "--cut-network", "--seconds", told_in_time]
    try:
        result = subprocess.run(
            command, input=json.dumps(event).encode(), capture_output=True, env=environ, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise SandboxError(f"no answer within {seconds:.0f} s") from None
    if result.stderr:
        print(json.dumps({"level": "WARNING", "import": result.stderr.decode(errors="replace")[-LOGGED_CHARACTERS:]}))
    if result.returncode != 0:
        raise SandboxError(f"the import ended with {result.returncode}: see the log of this function")
    reply: dict[str, Any] = json.loads(result.stdout)
    return reply | {"image": os.environ.get("AIRFLOW_IMAGE", "")}
