"""Has `lint_sandbox` import DAG files: each DAG folder in environments of its own, many files at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import TYPE_CHECKING, Any

from dag_lint.errors import LintFailedError
from dag_lint.imports.imported import Importer, ImportReport
from dag_lint.imports.request import packed, report_of, request
from dag_lint.tree import DagTree

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

FILES_AT_ONCE = 200
"""For one invocation: some seconds of imports, where loading Airflow takes two or three."""

INVOCATIONS_AT_ONCE = 5

PAYLOAD_BYTES = 6_000_000
"""Of a synchronous invocation. Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


class SandboxUnavailableError(LintFailedError):
    """No answer that counts: the function ended by a file, for want of memory or a start, or is being updated. Another try may have one."""


def sandbox_importer(lambda_: LambdaClient, function: str, image: str, tenant: str) -> Importer:
    """An importer for the DAG folder whose id is `tenant`: what one folder leaves behind no other meets.

    What another image than `image` says does not count: while both are deployed, the sandbox is the first to change.

    It raises `LintFailedError` where there is no answer, `SandboxUnavailableError` where there may be one next time, and botocore's errors.
    """

    def import_files(tree: DagTree, paths: Sequence[str]) -> ImportReport:
        packed_tree = packed(tree)
        payloads = [
            json.dumps(request(tree, packed_tree, some)) for some in batched(paths, FILES_AT_ONCE, strict=False)
        ]
        if any(len(payload) > PAYLOAD_BYTES for payload in payloads):
            raise LintFailedError(
                f"the DAG folder is {len(packed_tree):,} bytes long when it is compressed, too many to be imported in the "
                f"sandbox ({PAYLOAD_BYTES:,}). Keep data out of the DAG folder, for example in S3."
            )
        with ThreadPoolExecutor(INVOCATIONS_AT_ONCE) as pool:
            replies = list(pool.map(invoke, payloads))
        return report_of(replies, paths)

    def invoke(payload: str) -> Any:
        answer = lambda_.invoke(FunctionName=function, Payload=payload.encode(), TenantId=tenant)
        content = answer["Payload"].read()
        if answer.get("FunctionError"):
            raise SandboxUnavailableError(f"the sandbox that imports DAGs crashed: {_told(content)}")
        reply = json.loads(content)
        if not isinstance(reply, dict) or reply.get("image") != image:
            raise SandboxUnavailableError(
                "the sandbox that imports DAGs has another image, as while Farflow is deployed, or one that was built before "
                "Farflow asked which: if it stays so, build AirflowImage anew from this version's airflow/"
            )
        return reply

    return import_files


def _told(content: bytes) -> str:
    """What Lambda says of an error; its text may be anything."""
    try:
        error = json.loads(content)
        return f"{error.get('errorType')}: {str(error.get('errorMessage'))[:300]}"
    except (ValueError, AttributeError):
        return "it left no error"
