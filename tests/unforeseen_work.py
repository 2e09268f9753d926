"""What was learnt of unforeseen work, out of the way of a test that begins."""

from __future__ import annotations

from local import aws, layout
from workload_metrics.learnt_state import UNFORESEEN


def forget(stack: layout.Stack) -> None:
    """For what other tests ran, slots would be kept free for a while, and a worker for them."""
    aws.client(stack, "dynamodb").delete_item(TableName=aws.state_table(stack), Key={"id": {"S": UNFORESEEN}})
