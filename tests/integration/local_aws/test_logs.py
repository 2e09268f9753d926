"""CloudWatch Logs: filter patterns, metrics out of events, subscriptions by Firehose into S3."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.exceptions
import pytest

from tests import waiting
from tests.integration.local_aws.conftest import LocalAws
from tests.integration.local_aws.test_cloudformation import deploy
from tests.integration.local_aws.test_lambda import role, zipped

Eventually = Callable[..., Any]

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
TWO_MINUTES = {"SizeInMBs": 1, "IntervalInSeconds": 120}


def write(aws: LocalAws, group: str, *messages: Any) -> None:
    """Events of the stream `stream`; what is no text is written as JSON."""
    logs = aws.client("logs")
    for make, names in (
        (logs.create_log_group, {"logGroupName": group}),
        (logs.create_log_stream, {"logGroupName": group, "logStreamName": "stream"}),
    ):
        try:
            make(**names)
        except logs.exceptions.ResourceAlreadyExistsException:
            continue
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName=group,
        logStreamName="stream",
        logEvents=[
            {"timestamp": now, "message": message if isinstance(message, str) else json.dumps(message)}
            for message in messages
        ],
    )


def total(aws: LocalAws, namespace: str, name: str, **dimensions: str) -> float:
    """The sum of the metric over the last minutes."""
    metric = {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }
    now = datetime.now(UTC)
    (result,) = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "m1", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(seconds=1),
    )["MetricDataResults"]
    return sum(result["Values"])


def test_json_pattern_filters_events(local_aws: LocalAws) -> None:
    write(local_aws, "patterns", {"level": "ERROR", "n": 1}, {"level": "INFO", "n": 2}, "ERROR in plain text")
    logs = local_aws.client("logs")

    def found(pattern: str) -> list[str]:
        return [
            event["message"]
            for event in logs.filter_log_events(logGroupName="patterns", filterPattern=pattern)["events"]
        ]

    assert [json.loads(message)["n"] for message in found('{ $.level = "ERROR" }')] == [1]
    assert [json.loads(message)["n"] for message in found("{ $.n >= 1 && $.level != ERR* }")] == [2]
    assert len(found("ERROR")) == 2
    assert found("error") == []
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidParameterException"):
        found("{ $.level ~ 1 }")


def test_metric_filter_counts_and_measures(local_aws: LocalAws, eventually: Eventually) -> None:
    def counting(name: str, pattern: str, value: str, **more: Any) -> dict[str, Any]:
        transformation = {"MetricNamespace": "Filtered", "MetricName": name, "MetricValue": value, **more}
        return {
            "Type": "AWS::Logs::MetricFilter",
            "Properties": {
                "LogGroupName": {"Ref": "Group"},
                "FilterPattern": pattern,
                "MetricTransformations": [transformation],
            },
        }

    deploy(
        local_aws,
        "metric-filters",
        {
            "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "filtered"}},
            "Errors": counting("Errors", '{ $.level = "ERROR" }', "1"),
            "Latency": counting(
                "Latency", "{ $.latency = * }", "$.latency", Dimensions=[{"Key": "path", "Value": "$.path"}]
            ),
        },
    )
    write(local_aws, "filtered", {"level": "ERROR"}, {"level": "INFO"}, {"level": "ERROR", "latency": 50, "path": "a"})
    assert total(local_aws, "Filtered", "Errors") == 2
    assert total(local_aws, "Filtered", "Latency", path="a") == 50
    assert total(local_aws, "Filtered", "Latency") == 0


def test_embedded_metrics_of_a_function_become_metrics(local_aws: LocalAws, eventually: Eventually) -> None:
    document = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": "Embedded",
                    "Dimensions": [["service"]],
                    "Metrics": [{"Name": "Gap", "Unit": "Count", "StorageResolution": 1}],
                }
            ],
        },
        "service": "scaler",
        "Gap": [3, 4],
    }
    lambda_ = local_aws.client("lambda")
    lambda_.create_function(
        FunctionName="embedded",
        Runtime="python3.13",
        Role=role(local_aws, "embedded", EVERYTHING),
        Handler="handlers.emit",
        Code={"ZipFile": zipped("import json\n\ndef emit(event, context):\n    print(json.dumps(event))\n")},
    )
    lambda_.invoke(FunctionName="embedded", Payload=json.dumps(document))["Payload"].read()
    eventually(lambda: total(local_aws, "Embedded", "Gap", service="scaler") == 7, 3, "the metric's two values")


@pytest.fixture
def delivery(local_aws: LocalAws) -> Callable[..., Callable[[], list[bytes]]]:
    """Makes an encrypted bucket, a stream into it and, of a log group, a subscription. Gives what reads the objects."""

    def make(name: str, group: str = "", pattern: str = "", **options: Any) -> Callable[[], list[bytes]]:
        s3 = local_aws.client("s3")
        s3.create_bucket(Bucket=name)
        key = local_aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
        arn = local_aws.client("firehose").create_delivery_stream(
            DeliveryStreamName=name,
            ExtendedS3DestinationConfiguration={
                "RoleARN": role(local_aws, name, EVERYTHING),
                "BucketARN": f"arn:aws:s3:::{name}",
                "BufferingHints": TWO_MINUTES,
                "Prefix": "logs/!{timestamp:yyyy}/",
                "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
                **options,
            },
        )["DeliveryStreamARN"]
        if group:
            local_aws.client("logs").put_subscription_filter(
                logGroupName=group,
                filterName="to-s3",
                filterPattern=pattern,
                destinationArn=arn,
                roleArn=role(local_aws, f"{name}-subscription", EVERYTHING),
            )

        def objects() -> list[bytes]:
            bodies = []
            for each in s3.list_objects_v2(Bucket=name).get("Contents", []):
                found = s3.get_object(Bucket=name, Key=each["Key"])
                bodies.append(found["Body"].read())
                assert each["Key"].startswith(f"logs/{datetime.now(UTC):%Y}/{name}-1-")
                assert found["ServerSideEncryption"] == "aws:kms"
                assert each["Key"].endswith(".gz") == (options.get("CompressionFormat") == "GZIP")
            return bodies

        return objects

    return make


def test_records_of_an_interval_are_one_object(local_aws: LocalAws, eventually: Eventually, delivery: Any) -> None:
    objects = delivery("buffered", CompressionFormat="GZIP")
    firehose = local_aws.client("firehose")
    for record in (b"one\n", b"two\n"):
        firehose.put_record(DeliveryStreamName="buffered", Record={"Data": record})
    assert objects() == []
    (body,) = eventually(objects, 3, "an object")
    assert gzip.decompress(body) == b"one\ntwo\n"


def test_full_buffer_is_stored_at_once(local_aws: LocalAws, eventually: Eventually, delivery: Any) -> None:
    objects = delivery("full", BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})
    firehose = local_aws.client("firehose")
    for _ in range(2):
        firehose.put_record(DeliveryStreamName="full", Record={"Data": b"x" * 600_000})
    assert [len(body) for body in eventually(objects, 3, "an object")] == [1_200_000]
    firehose.put_record(DeliveryStreamName="full", Record={"Data": b"small"})
    time.sleep(0.3)
    assert len(objects()) == 1


def test_subscription_delivers_matching_events_compressed(
    local_aws: LocalAws, eventually: Eventually, delivery: Any
) -> None:
    write(local_aws, "subscribed", "before")
    objects = delivery("envelopes", "subscribed", '{ $.level = "ERROR" }')
    write(local_aws, "subscribed", {"level": "INFO"}, {"level": "ERROR", "n": 1})
    (body,) = eventually(objects, 3, "an object")
    envelope = json.loads(gzip.decompress(body))
    assert envelope["messageType"] == "DATA_MESSAGE"
    assert (envelope["logGroup"], envelope["logStream"]) == ("subscribed", "stream")
    assert envelope["subscriptionFilters"] == ["to-s3"]
    assert [json.loads(event["message"]) for event in envelope["logEvents"]] == [{"level": "ERROR", "n": 1}]


def test_processors_leave_the_messages_as_lines(local_aws: LocalAws, eventually: Eventually, delivery: Any) -> None:
    def processor(kind: str, name: str, value: str) -> dict[str, Any]:
        return {"Type": kind, "Parameters": [{"ParameterName": name, "ParameterValue": value}]}

    write(local_aws, "extracted", "before")
    objects = delivery(
        "messages",
        "extracted",
        CompressionFormat="GZIP",
        ProcessingConfiguration={
            "Enabled": True,
            "Processors": [
                processor("Decompression", "CompressionFormat", "GZIP"),
                processor("CloudWatchLogProcessing", "DataMessageExtraction", "true"),
            ],
        },
    )
    write(local_aws, "extracted", "first", "second")
    write(local_aws, "extracted", "third")
    (body,) = eventually(objects, 3, "an object")
    assert gzip.decompress(body) == b"first\nsecond\nthird\n"


def test_role_without_rights_delivers_nothing(local_aws: LocalAws) -> None:
    """Firehose stores as its role, which has no rights here."""
    local_aws.client("s3").create_bucket(Bucket="unpermitted")
    local_aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="unpermitted",
        ExtendedS3DestinationConfiguration={
            "RoleARN": role(local_aws, "firehose-nobody"),
            "BucketARN": "arn:aws:s3:::unpermitted",
            "BufferingHints": TWO_MINUTES,
        },
    )

    local_aws.client("firehose").put_record(DeliveryStreamName="unpermitted", Record={"Data": b"lost"})
    time.sleep(1)
    assert "Contents" not in local_aws.client("s3").list_objects_v2(Bucket="unpermitted")


def test_delivery_that_fails_is_told_and_hinders_no_other(with_additions: LocalAws) -> None:
    firehose, s3 = with_additions.client("firehose"), with_additions.client("s3")
    for name in ("gone", "there"):
        s3.create_bucket(Bucket=f"{name}-bucket")
        firehose.create_delivery_stream(
            DeliveryStreamName=name,
            ExtendedS3DestinationConfiguration={
                "RoleARN": role(with_additions, f"firehose-{name}", EVERYTHING),
                "BucketARN": f"arn:aws:s3:::{name}-bucket",
                "BufferingHints": TWO_MINUTES,
            },
        )
    s3.delete_bucket(Bucket="gone-bucket")
    for name in ("gone", "there"):
        firehose.put_record(DeliveryStreamName=name, Record={"Data": b"record"})
    waiting.eventually(lambda: s3.list_objects_v2(Bucket="there-bucket").get("Contents"), 5, "the other's object")
    waiting.eventually(lambda: "is lost" in with_additions.log, 3, "the loss is told")
