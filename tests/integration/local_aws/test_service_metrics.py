"""Services' own metrics: queues, and the processes of ECS services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from local import layout
from tests.integration.local_aws.conftest import LocalAws
from tests.integration.local_aws.test_lambda import role

Eventually = Callable[..., Any]


def newest(aws: LocalAws, namespace: str, name: str, stat: str = "Maximum", **dimensions: str) -> float | None:
    """The metric's latest datapoint."""
    metric = {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }
    now = datetime.now(UTC)
    (result,) = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "m1", "MetricStat": {"Metric": metric, "Period": 1, "Stat": stat}}],
        StartTime=now - timedelta(minutes=1),
        EndTime=now,
    )["MetricDataResults"]
    return result["Values"][0] if result["Values"] else None


def test_queue_reports_its_messages(local_aws: LocalAws, eventually: Eventually) -> None:
    sqs = local_aws.client("sqs")
    url = sqs.create_queue(QueueName="reported")["QueueUrl"]
    for body in ("a", "b"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    sqs.send_message(QueueUrl=url, MessageBody="c", DelaySeconds=60)
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, VisibilityTimeout=60)

    def seen() -> dict[str, float | None]:
        names = ("Visible", "NotVisible", "Delayed")
        return {
            name: newest(local_aws, "AWS/SQS", f"ApproximateNumberOfMessages{name}", "Minimum", QueueName="reported")
            for name in names
        }

    eventually(lambda: seen() == {"Visible": 1, "NotVisible": 1, "Delayed": 1}, 2, "one of each kind")
    eventually(lambda: newest(local_aws, "AWS/SQS", "ApproximateAgeOfOldestMessage", QueueName="reported"), 3, "an age")


def test_service_reports_its_tasks_and_what_they_use(local_aws: LocalAws, eventually: Eventually) -> None:
    """One task that keeps a processor busy, in a service of a quarter of one: far more than all of it."""
    ecs = local_aws.client("ecs")
    ecs.create_cluster(clusterName="metrics", settings=[{"name": "containerInsights", "value": "enabled"}])
    spin = "import time; end = time.time() + 20\nwhile time.time() < end: pass"
    definition = ecs.register_task_definition(
        family="spinner",
        executionRoleArn=role(local_aws, "spinner", {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}),
        cpu="256",
        memory="512",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        containerDefinitions=[{"name": "main", "image": layout.AIRFLOW_IMAGE, "command": ["python", "-c", spin]}],
    )["taskDefinition"]["taskDefinitionArn"]
    ecs.create_service(
        cluster="metrics",
        serviceName="spinner",
        taskDefinition=definition,
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    )
    dimensions = {"ClusterName": "metrics", "ServiceName": "spinner"}
    try:
        for name in ("DesiredTaskCount", "RunningTaskCount"):
            eventually(
                lambda name=name: newest(local_aws, "ECS/ContainerInsights", name, **dimensions) == 1, 3, f"{name} 1"
            )
        assert newest(local_aws, "ECS/ContainerInsights", "PendingTaskCount", "Minimum", **dimensions) == 0
        eventually(
            lambda: (newest(local_aws, "AWS/ECS", "CPUUtilization", **dimensions) or 0) > 50, 5, "a busy processor"
        )
        memory = newest(local_aws, "AWS/ECS", "MemoryUtilization", **dimensions)
        assert memory
        assert 0 < memory < 50
    finally:
        ecs.delete_service(cluster="metrics", service="spinner", force=True)
