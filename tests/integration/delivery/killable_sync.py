"""A process that runs `dag_sync`'s real handler in a child for each line on its standard input.

It prints the child's process id, and its end: a forked child starts in milliseconds, so that it can be killed often.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import SimpleNamespace

import boto3

CONTEXT = SimpleNamespace(
    function_name="dag_sync", memory_limit_in_mb=1024, invoked_function_arn="arn:aws:lambda", aws_request_id="1"
)


def main() -> None:
    for module in ("aws_lambda_powertools.utilities.typing", "dag_sync.delivery", "dag_sync.collection"):
        importlib.import_module(module)
    boto3.client("s3")  # what it read of S3's model stays for the children
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            os.dup2(2, 1)  # the handler's log is not this process's word
            handler = importlib.import_module("dag_sync.handler")
            handler.time = SimpleNamespace(sleep=lambda seconds: None)
            handler.lambda_handler({"source": "aws.scheduler"}, CONTEXT)
            os._exit(0)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
