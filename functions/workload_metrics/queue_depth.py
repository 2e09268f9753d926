"""What SQS knows of the work: when the database cannot be asked, enough to grow by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from control_plane.worker_scaling.workload import USUAL_SECONDS, Work, Workload

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def messages_queued(sqs: SQSClient, queue_url: str) -> int:
    """Messages that no worker has taken, about. Errors are botocore's."""
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def workload_from_queue(queued: int, now: float) -> Workload:
    """The messages wait; what runs, the workers tell themselves."""
    return Workload(now, waiting=(Work(now, USUAL_SECONDS, queued),) if queued else (), is_complete=False)
