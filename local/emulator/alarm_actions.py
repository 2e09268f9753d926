"""Whom a change of an alarm's state reaches: SNS topics and Lambda functions, each if its own policy admits it.

- https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
- https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import cloudwatch, lambda_svc, sns

logger = logging.getLogger("farflow.cloudwatch")

ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}

_last_states: dict[str, dict[str, Any]] = {}
"""By alarm ARN: the state that its actions last saw, which the next ones are told as the previous one."""


def period_of(alarm: Mapping[str, Any]) -> int:
    """The seconds of an alarm's period: of metric math, the longest."""
    periods = [query["MetricStat"]["Period"] for query in alarm.get("Metrics") or () if "MetricStat" in query]
    return int(max(periods, default=alarm.get("Period") or 60))


def metric_stat_of(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """The one metric of an alarm without metric math, as a query names it."""
    return {
        "Metric": {key: alarm[key] for key in ("Namespace", "MetricName", "Dimensions")},
        "Stat": alarm.get("ExtendedStatistic") or alarm["Statistic"],
        "Period": alarm["Period"],
        "Unit": alarm.get("Unit"),
    }


def dispatch(alarm: Mapping[str, Any], old_state: str, new_state: str, reason: str) -> None:
    """Run the actions of the new state: notify SNS topics and invoke functions; other kinds are kept only."""
    state = {"value": new_state, "reason": reason, "timestamp": iso_time(time.time())}
    if "StateReasonData" in alarm:
        state["reasonData"] = alarm["StateReasonData"]
    previous = _last_states.get(alarm["AlarmArn"], {})
    _last_states[alarm["AlarmArn"]] = state
    if previous.get("value") != old_state:
        previous = {"value": old_state}
    if not alarm.get("ActionsEnabled", True):
        return
    for action in alarm.get(ACTIONS[new_state]) or ():
        service = action.split(":")[2] if action.count(":") >= 5 else ""
        if service == "sns":
            done = _notify(action, alarm, old_state, state)
        elif service == "lambda":
            done = _invoke(action, alarm, state, previous)
        else:
            continue
        _record_action(alarm, action, done)


def _record_action(alarm: Mapping[str, Any], action: str, done: bool) -> None:
    cloudwatch._history_entries().append(
        {
            "AlarmName": alarm["AlarmName"],
            "AlarmType": "CompositeAlarm" if "AlarmRule" in alarm else "MetricAlarm",
            "Timestamp": cloudwatch._ts_iso(time.time()),
            "HistoryItemType": "Action",
            "HistorySummary": f"{'Successfully executed' if done else 'Failed to execute'} action {action}",
            "HistoryData": json.dumps(
                {"actionState": "Succeeded" if done else "Failed", "notificationResource": action}
            ),
        }
    )


def _notify(topic: str, alarm: Mapping[str, Any], old_state: str, state: Mapping[str, Any]) -> bool:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html."""
    if not sns.topic_policy_allows(topic, "cloudwatch.amazonaws.com", alarm["AlarmArn"], get_account_id()):
        return False
    message = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": get_account_id(),
        "AlarmConfigurationUpdatedTimestamp": iso_time(alarm["AlarmConfigurationUpdatedTimestamp"]),
        "NewStateValue": state["value"],
        "NewStateReason": state["reason"],
        "StateChangeTime": state["timestamp"],
        "Region": get_region(),
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": old_state,
        **{actions: alarm.get(actions) or [] for actions in ACTIONS.values()},
        **({"AlarmRule": alarm["AlarmRule"]} if "AlarmRule" in alarm else {"Trigger": _trigger(alarm)}),
    }
    subject = f'{state["value"]}: "{alarm["AlarmName"]}" in {get_region()}'[:100]
    sns._fanout(topic, new_uuid(), json.dumps(message), subject)
    return True


def _trigger(alarm: Mapping[str, Any]) -> dict[str, Any]:
    common = {
        "Period": period_of(alarm),
        "EvaluationPeriods": alarm["EvaluationPeriods"],
        **({"DatapointsToAlarm": alarm["DatapointsToAlarm"]} if alarm.get("DatapointsToAlarm") else {}),
        "ComparisonOperator": alarm["ComparisonOperator"],
        "Threshold": alarm["Threshold"],
        "TreatMissingData": alarm["TreatMissingData"],
        "EvaluateLowSampleCountPercentile": "",
    }
    if alarm.get("Metrics"):
        return {**common, "Metrics": alarm["Metrics"]}
    extended = alarm.get("ExtendedStatistic")
    return {
        "MetricName": alarm["MetricName"],
        "Namespace": alarm["Namespace"],
        "StatisticType": "ExtendedStatistic" if extended else "Statistic",
        **({"ExtendedStatistic": extended} if extended else {"Statistic": alarm["Statistic"].upper()}),
        "Unit": alarm.get("Unit"),
        "Dimensions": [{"name": each["Name"], "value": each["Value"]} for each in alarm.get("Dimensions") or ()],
        **common,
    }


def _invoke(function: str, alarm: Mapping[str, Any], state: Mapping[str, Any], previous: Mapping[str, Any]) -> bool:
    """Invoke the function asynchronously, when its own policy lets CloudWatch alarms do so."""
    known, config, _ = lambda_svc._get_func_record_for_ref(function)
    if not known or not config or not _may_invoke(known["policy"], function, alarm["AlarmArn"]):
        logger.warning("alarm %s may not invoke %s, or there is none", alarm["AlarmName"], function)
        return False
    configuration: dict[str, Any] = {"description": alarm.get("AlarmDescription") or ""}
    if "AlarmRule" in alarm:
        configuration["alarmRule"] = alarm["AlarmRule"]
    else:
        stat = {"Id": new_uuid(), "ReturnData": True}
        queries = alarm.get("Metrics") or [{**stat, "MetricStat": metric_stat_of(alarm)}]
        configuration["metrics"] = [_for_function(query) for query in queries]
    event = {
        "source": "aws.cloudwatch",
        "alarmArn": alarm["AlarmArn"],
        "accountId": get_account_id(),
        "time": state["timestamp"],
        "region": get_region(),
        "alarmData": {
            "alarmName": alarm["AlarmName"],
            "state": dict(state),
            "previousState": dict(previous),
            "configuration": configuration,
        },
    }
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(known, config), event)
    return True


def _for_function(query: Mapping[str, Any]) -> dict[str, Any]:
    """One query as the event for a function names its parts."""
    answer: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
    if "MetricStat" not in query:
        return {**answer, "expression": query["Expression"], "label": query.get("Label", query["Id"])}
    stat = query["MetricStat"]
    metric = {
        "namespace": stat["Metric"]["Namespace"],
        "name": stat["Metric"]["MetricName"],
        "dimensions": cloudwatch._dims_from_list(stat["Metric"].get("Dimensions") or []),
    }
    unit = {"unit": stat["Unit"]} if stat.get("Unit") else {}
    return {**answer, "metricStat": {"metric": metric, "period": int(stat["Period"]), "stat": stat["Stat"], **unit}}


def _may_invoke(policy: Any, function: str, alarm: str) -> bool:
    context = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=function,
        region=get_region(),
        service_context={"aws:sourcearn": alarm, "aws:sourceaccount": get_account_id()},
    )
    service = "lambda.alarms.cloudwatch.amazonaws.com"
    return bool(iam_evaluator.evaluate_resource_policy(policy, context, service=service).decision == "Allow")


def iso_time(seconds: float) -> str:
    """As CloudWatch writes moments in messages."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
