"""CloudWatch: alarms by dimension and missing data, their actions, metric math."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.exceptions
import pytest

from tests.integration.local_aws.conftest import MINUTE_SECONDS, LocalAws
from tests.integration.local_aws.test_cloudformation import deploy
from tests.integration.local_aws.test_lambda import role, zipped

Eventually = Callable[..., Any]
ACCOUNT = "000000000000"
SECONDS = 3.0
"""Six of CloudWatch's minutes here: any alarm below is evaluated, and its data leaves its range."""


def put_alarm(aws: LocalAws, name: str, **options: Any) -> None:
    """An alarm on the metric of that name, above 1 in one of one period, unless `options` say otherwise."""
    usual: dict[str, Any] = {
        "Namespace": "Test",
        "MetricName": name,
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    if "Metrics" in options:
        usual = {key: usual[key] for key in ("EvaluationPeriods", "Threshold", "ComparisonOperator")}
    aws.client("cloudwatch").put_metric_alarm(AlarmName=name, **{**usual, **options})


def put_metric(aws: LocalAws, name: str, value: float, minutes_ago: float = 0, **dimensions: str) -> None:
    aws.client("cloudwatch").put_metric_data(
        Namespace="Test",
        MetricData=[
            {
                "MetricName": name,
                "Value": value,
                "Timestamp": time.time() - minutes_ago * MINUTE_SECONDS,
                "Dimensions": [{"Name": key, "Value": each} for key, each in dimensions.items()],
            }
        ],
    )


def state(aws: LocalAws, name: str) -> str:
    (alarm,) = aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(alarm["StateValue"])


def make_queue(aws: LocalAws, name: str) -> tuple[str, str]:
    """The URL and the ARN."""
    url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


def received(aws: LocalAws, url: str) -> list[Any]:
    """The JSON of the messages that wait, taken from the queue."""
    sqs = aws.client("sqs")
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in messages]


def make_recorder(aws: LocalAws, name: str) -> str:
    """A function that prints each of its events. Returns its ARN."""
    function = aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role(aws, name, {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}),
        Handler="handlers.record",
        Code={"ZipFile": zipped("import json\n\ndef record(event, context):\n    print(json.dumps(event))\n")},
    )
    return str(function["FunctionArn"])


def let_alarm_invoke(aws: LocalAws, function: str, alarm: str) -> None:
    aws.client("lambda").add_permission(
        FunctionName=function,
        StatementId=f"alarm-{alarm}",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceAccount=ACCOUNT,
        SourceArn=f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{alarm}",
    )


def recorded(aws: LocalAws, function: str) -> list[Any]:
    """The events that the function printed."""
    logs = aws.client("logs")
    try:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [json.loads(event["message"]) for event in events if event["message"].startswith("{")]


def let_topics_send(aws: LocalAws, url: str, arn: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]}
    aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})


def test_alarm_watches_its_own_dimensions_only(local_aws: LocalAws, eventually: Eventually) -> None:
    dimensions = [{"Name": "Group", "Value": "mine"}]
    put_alarm(local_aws, "dimensions", Dimensions=dimensions, TreatMissingData="notBreaching")
    eventually(lambda: state(local_aws, "dimensions") == "OK", SECONDS, "OK, with no data")
    put_metric(local_aws, "dimensions", 9, Group="another")
    put_metric(local_aws, "dimensions", 9)
    time.sleep(2 * MINUTE_SECONDS)
    assert state(local_aws, "dimensions") == "OK"
    put_metric(local_aws, "dimensions", 9, Group="mine")
    eventually(lambda: state(local_aws, "dimensions") == "ALARM", SECONDS, "ALARM on its own data")


def test_alarm_ends_when_its_data_has_left(local_aws: LocalAws, eventually: Eventually) -> None:
    put_alarm(local_aws, "ends", TreatMissingData="notBreaching")
    put_metric(local_aws, "ends", 9)
    eventually(lambda: state(local_aws, "ends") == "ALARM", SECONDS, "ALARM")
    eventually(lambda: state(local_aws, "ends") == "OK", SECONDS, "OK, without another value")


def test_missing_data_counts_as_declared(local_aws: LocalAws) -> None:
    """Without any data, an alarm stays as it is (`ignore`), or goes where `TreatMissingData` says."""
    expected = {"missing": "INSUFFICIENT_DATA", "breaching": "ALARM", "notBreaching": "OK"}
    cloudwatch = local_aws.client("cloudwatch")
    for treat in (*expected, "ignore"):
        put_alarm(local_aws, f"missing-{treat}", TreatMissingData=treat)
    for before in ("OK", "ALARM"):
        for treat in (*expected, "ignore"):
            cloudwatch.set_alarm_state(AlarmName=f"missing-{treat}", StateValue=before, StateReason="test")
        time.sleep(2 * MINUTE_SECONDS)
        states = {treat: state(local_aws, f"missing-{treat}") for treat in (*expected, "ignore")}
        assert states == {**expected, "ignore": before}


def test_two_of_three_needs_two(local_aws: LocalAws, eventually: Eventually) -> None:
    put_alarm(local_aws, "m-of-n", EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching")
    put_metric(local_aws, "m-of-n", 9)
    time.sleep(2 * MINUTE_SECONDS)
    assert state(local_aws, "m-of-n") == "OK"
    for age in range(2):
        put_metric(local_aws, "m-of-n", 9, minutes_ago=age)
    eventually(lambda: state(local_aws, "m-of-n") == "ALARM", SECONDS, "ALARM on two of three")


def test_alarm_on_an_expression(local_aws: LocalAws, eventually: Eventually) -> None:
    def metric(query: str, name: str) -> dict[str, Any]:
        stat = {"Metric": {"Namespace": "Test", "MetricName": name}, "Period": 60, "Stat": "Sum"}
        return {"Id": query, "MetricStat": stat, "ReturnData": False}

    put_alarm(
        local_aws,
        "gap",
        Metrics=[
            metric("needed", "gap-needed"),
            metric("present", "gap-present"),
            {"Id": "gap", "Expression": "FILL(needed, 0) - FILL(present, 0)"},
        ],
        TreatMissingData="ignore",
    )
    eventually(lambda: state(local_aws, "gap") == "OK", SECONDS, "OK: no gap")
    for age in range(3):
        put_metric(local_aws, "gap-needed", 5, minutes_ago=age)
        put_metric(local_aws, "gap-present", 2, minutes_ago=age)
    eventually(lambda: state(local_aws, "gap") == "ALARM", SECONDS, "ALARM: three are missing")
    (alarm,) = local_aws.client("cloudwatch").describe_alarms(AlarmNames=["gap"])["MetricAlarms"]
    assert [query["Id"] for query in alarm["Metrics"]] == ["needed", "present", "gap"]
    assert "MetricName" not in alarm


def test_unknown_function_is_refused(local_aws: LocalAws) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="SEARCH"):
        put_alarm(local_aws, "search", Metrics=[{"Id": "e", "Expression": "SEARCH('{Test}', 'Sum', 60)"}])


def test_actions_run_once_per_change_and_reach_topic_and_function(local_aws: LocalAws, eventually: Eventually) -> None:
    url, arn = make_queue(local_aws, "actions")
    topic = local_aws.client("sns").create_topic(Name="actions")["TopicArn"]
    local_aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    let_topics_send(local_aws, url, arn)
    function = make_recorder(local_aws, "recorder")
    let_alarm_invoke(local_aws, "recorder", "actions")
    actions = [topic, function]
    put_alarm(local_aws, "actions", AlarmActions=actions, OKActions=actions, TreatMissingData="notBreaching")
    eventually(lambda: state(local_aws, "actions") == "OK", SECONDS, "OK")
    put_metric(local_aws, "actions", 9)
    eventually(lambda: state(local_aws, "actions") == "ALARM", SECONDS, "ALARM")
    eventually(lambda: state(local_aws, "actions") == "OK", SECONDS, "OK again")

    messages: list[Any] = []
    eventually(lambda: messages.extend(received(local_aws, url)) or len(messages) >= 3, SECONDS, "three messages")
    told = [json.loads(message["Message"]) for message in messages]
    assert [(each["OldStateValue"], each["NewStateValue"]) for each in told] == [
        ("INSUFFICIENT_DATA", "OK"),
        ("OK", "ALARM"),
        ("ALARM", "OK"),
    ]
    assert told[1]["AlarmArn"].endswith(":alarm:actions")
    assert told[1]["Trigger"]["MetricName"] == "actions"
    assert "9.0" in told[1]["NewStateReason"]
    assert messages[1]["Subject"] == 'ALARM: "actions" in us-east-1'

    events = eventually(lambda: (seen := recorded(local_aws, "recorder"))[2:] and seen, 10, "three events")
    (alarmed,) = [event for event in events if event["alarmData"]["state"]["value"] == "ALARM"]
    assert alarmed["source"] == "aws.cloudwatch"
    assert alarmed["alarmData"]["alarmName"] == "actions"
    assert alarmed["alarmData"]["previousState"]["value"] == "OK"
    assert json.loads(alarmed["alarmData"]["state"]["reasonData"])["recentDatapoints"] == [9.0]
    (metric,) = alarmed["alarmData"]["configuration"]["metrics"]
    assert metric["metricStat"]["metric"] == {"namespace": "Test", "name": "actions", "dimensions": {}}


def test_function_without_permission_is_not_invoked(local_aws: LocalAws, eventually: Eventually) -> None:
    function = make_recorder(local_aws, "unpermitted")
    put_alarm(local_aws, "unpermitted", AlarmActions=[function], TreatMissingData="ignore")
    cloudwatch = local_aws.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName="unpermitted", StateValue="ALARM", StateReason="test")
    items = cloudwatch.describe_alarm_history(AlarmName="unpermitted", HistoryItemType="Action")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in items] == [f"Failed to execute action {function}"]
    time.sleep(0.5)
    assert recorded(local_aws, "unpermitted") == []


def test_forced_state_lasts_until_the_next_evaluation(local_aws: LocalAws, eventually: Eventually) -> None:
    put_alarm(local_aws, "forced", TreatMissingData="notBreaching")
    cloudwatch = local_aws.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName="forced", StateValue="ALARM", StateReason="a drill")
    eventually(lambda: state(local_aws, "forced") == "OK", SECONDS, "evaluated again")
    items = cloudwatch.describe_alarm_history(AlarmName="forced", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert items[0]["HistorySummary"] == "Alarm updated from ALARM to OK"


def test_disabled_actions_do_not_run(local_aws: LocalAws) -> None:
    put_alarm(local_aws, "disabled", ActionsEnabled=False, AlarmActions=["arn:aws:sns:us-east-1:000000000000:no"])
    cloudwatch = local_aws.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName="disabled", StateValue="ALARM", StateReason="test")
    cloudwatch.enable_alarm_actions(AlarmNames=["disabled"])
    cloudwatch.set_alarm_state(AlarmName="disabled", StateValue="OK", StateReason="test")
    cloudwatch.set_alarm_state(AlarmName="disabled", StateValue="ALARM", StateReason="test")
    items = cloudwatch.describe_alarm_history(AlarmName="disabled", HistoryItemType="Action")["AlarmHistoryItems"]
    assert len(items) == 1


def query(name: str, stat: str = "Sum") -> dict[str, Any]:
    metric = {"Namespace": "Test", "MetricName": name}
    return {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}


@pytest.mark.parametrize(("scan", "expected"), [("TimestampDescending", [3, 2, 1]), (None, [3, 2, 1])])
def test_newest_datapoint_comes_first(local_aws: LocalAws, scan: str | None, expected: list[float]) -> None:
    cloudwatch = local_aws.client("cloudwatch")
    now = datetime.now(UTC)
    name = f"order-{scan}"
    for minute in range(3):
        at = now - timedelta(minutes=3 - minute)
        cloudwatch.put_metric_data(
            Namespace="Test", MetricData=[{"MetricName": name, "Value": minute + 1, "Timestamp": at}]
        )
    options = {"ScanBy": scan} if scan else {}
    (result,) = cloudwatch.get_metric_data(
        MetricDataQueries=[query(name)], StartTime=now - timedelta(minutes=9), EndTime=now, **options
    )["MetricDataResults"]
    assert result["Values"] == expected
    assert result["Timestamps"] == sorted(result["Timestamps"], reverse=True)
    oldest_first = cloudwatch.get_metric_data(
        MetricDataQueries=[query(name)],
        StartTime=now - timedelta(minutes=9),
        EndTime=now,
        ScanBy="TimestampAscending",
    )["MetricDataResults"]
    assert oldest_first[0]["Values"] == expected[::-1]


def test_expression_is_computed_by_get_metric_data(local_aws: LocalAws) -> None:
    cloudwatch = local_aws.client("cloudwatch")
    now = datetime.now(UTC)
    at = now - timedelta(minutes=1)
    cloudwatch.put_metric_data(Namespace="Test", MetricData=[{"MetricName": "math", "Value": 4, "Timestamp": at}])
    (result,) = cloudwatch.get_metric_data(
        MetricDataQueries=[{**query("math"), "ReturnData": False}, {"Id": "e1", "Expression": "m1 * 2 + 1"}],
        StartTime=now - timedelta(minutes=9),
        EndTime=now,
    )["MetricDataResults"]
    assert (result["Id"], result["Values"]) == ("e1", [9.0])


def test_composite_alarm_and_expressions_are_deployed_by_cloudformation(
    local_aws: LocalAws, eventually: Eventually
) -> None:
    stat = {"Metric": {"Namespace": "Test", "MetricName": "deployed"}, "Period": "60", "Stat": "Sum"}
    outputs = deploy(
        local_aws,
        "alarms",
        {
            "Doubled": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "Metrics": [
                        {"Id": "m1", "MetricStat": stat, "ReturnData": "false"},
                        {"Id": "e1", "Expression": "m1 * 2"},
                    ],
                    "EvaluationPeriods": 1,
                    "Threshold": 10,
                    "ComparisonOperator": "GreaterThanThreshold",
                    "TreatMissingData": "notBreaching",
                },
            },
            "Either": {
                "Type": "AWS::CloudWatch::CompositeAlarm",
                "Properties": {"AlarmRule": {"Fn::Sub": "ALARM(${Doubled})"}, "ActionsEnabled": False},
            },
        },
        {"Doubled": {"Ref": "Doubled"}, "Either": {"Ref": "Either"}},
    )
    put_metric(local_aws, "deployed", 6)
    cloudwatch = local_aws.client("cloudwatch")

    def composite() -> str:
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[outputs["Either"]], AlarmTypes=["CompositeAlarm"])[
            "CompositeAlarms"
        ]
        return str(alarm["StateValue"])

    eventually(lambda: composite() == "ALARM", SECONDS, "the composite alarm follows its child")
    eventually(lambda: (state(local_aws, outputs["Doubled"]), composite()) == ("OK", "OK"), SECONDS, "both back")
    cloudformation = local_aws.client("cloudformation")
    cloudformation.delete_stack(StackName="alarms")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="alarms", WaiterConfig={"Delay": 1})
    assert cloudwatch.describe_alarms(AlarmNames=list(outputs.values()))["MetricAlarms"] == []
