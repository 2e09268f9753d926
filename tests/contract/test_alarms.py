"""Every alarm of the templates says what it needs to, and can tell someone."""

from typing import Any

import pytest

from tests.contract import templates

ALARMS = {
    name: resource["Properties"]
    for stack in templates.STACKS
    for name, resource in templates.stack(stack)["Resources"].items()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
}


def test_there_are_alarms() -> None:
    assert {"WorkDeadLetterAlarm", "DagEventsDeadLetterAlarm"} <= set(ALARMS)


@pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS)
def test_alarm_tells_when_it_begins_and_ends_and_how_it_takes_missing_data(alarm: dict[str, Any]) -> None:
    assert alarm["TreatMissingData"] in ("missing", "notBreaching", "breaching", "ignore")
    assert alarm["AlarmActions"]
    assert alarm["OKActions"]
    assert alarm["AlarmDescription"]["Fn::Sub"].endswith(".")


def test_each_dead_letter_queue_has_an_alarm_of_its_own() -> None:
    queues = {
        name
        for stack in templates.STACKS
        for name in templates.stack(stack)["Resources"]
        if name.endswith("DeadLetterQueue")
    }
    watched = [
        dimension["Value"]["Fn::GetAtt"][0]
        for alarm in ALARMS.values()
        for dimension in alarm.get("Dimensions", [])
        if dimension["Name"] == "QueueName"
    ]
    assert sorted(name for name in watched if name.endswith("DeadLetterQueue")) == sorted(queues)


def test_alarms_may_publish_to_their_encrypted_topic() -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services"""
    resources = templates.stack("data")["Resources"]
    assert resources["AlarmsTopic"]["Properties"]["KmsMasterKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}
    (publish,) = resources["AlarmsTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    (encrypt,) = [
        statement
        for statement in resources["Key"]["Properties"]["KeyPolicy"]["Statement"]
        if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ]
    assert publish["Principal"] == encrypt["Principal"]
    assert publish["Action"] == "sns:Publish"
    assert set(encrypt["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    for statement in (publish, encrypt):
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
