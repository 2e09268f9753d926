"""CloudWatch: alarms on a clock of their own, with their actions; metric math; the newest datapoint first.

The emulator evaluates alarms when a metric is put, over all dimensions, and knows no missing data. Here

- an alarm is evaluated each minute, one with a period below a minute each ten seconds:
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
- its actions reach SNS topics and Lambda functions:
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
- metric math counts, in alarms and in GetMetricData:
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html

What state datapoints make stands in `alarm_state.py`, what an expression gives in `metric_math.py`.
"""

from __future__ import annotations

import functools
import json
import logging
import math
import os
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region, new_uuid, request_scope
from ministack.services import cloudwatch, lambda_svc, sns
from ministack.services.cloudformation import provisioners

from local.emulator import alarm_state, metric_math

logger = logging.getLogger("farflow.cloudwatch")

MINUTE_SECONDS = float(os.environ.get("FARFLOW_CLOUDWATCH_MINUTE_SECONDS", "60"))
"""How long CloudWatch's minute lasts here. Tests shorten it: alarms' periods and clock, service metrics and
Firehose's buffer intervals shrink with it; timestamps and GetMetricData's periods do not."""

EVALUATIONS_PER_MINUTE = 6
STATISTIC = re.compile(r"SampleCount|Average|Sum|Minimum|Maximum|p(100|\d{1,2})(\.\d{0,10})?")
ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
OF_ONE_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit", "Dimensions")
OF_THE_STATE = ("StateReasonData", "StateTransitionedTimestamp")

_lock = threading.RLock()
_last_states: dict[str, dict[str, Any]] = {}
"""By alarm ARN: the state that its actions last saw, which the next ones are told as the previous one."""


def install(publishers: Sequence[Callable[[float], None]] = ()) -> None:
    """Replace the emulator's alarms. `publishers` write services' metrics, stamped with the minute given."""
    for name in ("_evict_old_metrics", "record_metric", "_put_metric_alarm", "_set_alarm_state", "_delete_alarms"):
        setattr(cloudwatch, name, _alone(getattr(cloudwatch, name)))
    cloudwatch._evaluate_alarm = lambda _alarm: None
    cloudwatch._evaluate_all_alarms = lambda: None
    cloudwatch._dispatch_alarm_actions = dispatch_actions
    cloudwatch._get_metric_data = _get_metric_data(cloudwatch._get_metric_data)
    cloudwatch._put_metric_alarm = _put_metric_alarm(cloudwatch._put_metric_alarm)
    provisioners._cw_metric_alarm_record = _metric_alarm_record(provisioners._cw_metric_alarm_record)
    provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::CompositeAlarm"] = {
        "create": _create_composite_alarm,
        "update": _update_composite_alarm,
        "delete": _delete_composite_alarm,
    }
    threading.Thread(target=_run_clock, args=(publishers,), daemon=True, name="cloudwatch-clock").start()


def record(
    namespace: str, name: str, dimensions: Mapping[str, str], unit: str, timestamp: float, *values: float
) -> None:
    """Store values of a metric of the current account and Region."""
    with _lock:
        cloudwatch._store_datum(namespace, name, dict(dimensions), timestamp, unit, None, values, None, None)


def _alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """The clock runs beside the emulator's own thread: one of them at a time changes metrics and alarms."""

    @functools.wraps(function)
    def alone(*arguments: Any, **options: Any) -> Any:
        with _lock:
            return function(*arguments, **options)

    return alone


# ---- The clock -----------------------------------------------------------------------------------


def _run_clock(publishers: Sequence[Callable[[float], None]]) -> None:
    tick = MINUTE_SECONDS / EVALUATIONS_PER_MINUTE
    last_minute = math.floor(time.time() / MINUTE_SECONDS)
    while True:
        time.sleep(tick - time.time() % tick)
        now = time.time()
        minute = math.floor(now / MINUTE_SECONDS)
        if minute != last_minute:
            for publish in publishers:
                try:
                    publish((minute - 1) * MINUTE_SECONDS)
                except Exception:
                    logger.exception("a service's metrics of this minute are lost")
            evaluate(minute * MINUTE_SECONDS, lambda period: period >= 60)
        evaluate(math.floor(now / tick) * tick, lambda period: period < 60)
        last_minute = minute


def evaluate(now: float, due: Callable[[int], bool]) -> None:
    """Evaluate the alarms whose period is `due`, over the periods that end at `now`."""
    for (account, region, name), alarm in cloudwatch._alarms.all_items():
        if not due(_period(alarm)):
            continue
        try:
            with request_scope(account, region), _lock:
                if cloudwatch._alarms.get(name) is alarm:
                    _evaluate(alarm, now)
        except Exception:
            logger.exception("alarm %s could not be evaluated", name)


def _period(alarm: Mapping[str, Any]) -> int:
    periods = [query["MetricStat"]["Period"] for query in alarm.get("Metrics") or () if "MetricStat" in query]
    return int(max(periods, default=alarm.get("Period") or 60))


def _rule(alarm: Mapping[str, Any]) -> alarm_state.Rule:
    return alarm_state.Rule(
        alarm["ComparisonOperator"],
        alarm["Threshold"],
        alarm["EvaluationPeriods"],
        alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"],
        alarm["TreatMissingData"],
    )


def _evaluate(alarm: dict[str, Any], now: float) -> None:
    rule = _rule(alarm)
    old_state = alarm["StateValue"]
    decision = alarm_state.decide(rule, _datapoints(alarm, rule, now), old_state)
    if decision.state == old_state:
        return
    reason_data = {
        "version": "1.0",
        "queryDate": _time(now),
        "period": _period(alarm),
        "threshold": rule.threshold,
        "recentDatapoints": [point.value for point in reversed(decision.evaluated) if point.value is not None],
        "evaluatedDatapoints": [
            {"timestamp": _time(point.timestamp)} | ({} if point.value is None else {"value": point.value})
            for point in decision.evaluated
        ],
    }
    if "MetricName" in alarm:
        reason_data["statistic"] = alarm.get("ExtendedStatistic") or alarm["Statistic"]
    alarm |= {
        "StateValue": decision.state,
        "StateReason": decision.reason,
        "StateReasonData": json.dumps(reason_data),
        "StateUpdatedTimestamp": time.time(),
        "StateTransitionedTimestamp": time.time(),
    }
    name = alarm["AlarmName"]
    cloudwatch._record_history(name, old_state, decision.state, decision.reason, reason_data=reason_data)
    dispatch_actions(alarm, old_state, decision.state, decision.reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _datapoints(alarm: Mapping[str, Any], rule: alarm_state.Rule, now: float) -> list[alarm_state.Datapoint]:
    """The latest periods that the rule looks at, the oldest first."""
    period = _period(alarm)
    starts = [now - (age + 1) * period for age in reversed(range(rule.range))]
    queries = alarm.get("Metrics") or [{"Id": "metric", "MetricStat": _only_metric_stat(alarm), "ReturnData": True}]

    def series(stat: Mapping[str, Any]) -> metric_math.Series:
        # Age 0 is the period that has just ended; rounded, so that a period's first instant is in it.
        length = period * MINUTE_SECONDS / 60
        ages: dict[int, list[Any]] = defaultdict(list)
        for point in _points(stat):
            ages[math.ceil(round((now - point["Timestamp"]) / length, 4)) - 1].append(point)
        return {
            now - (age + 1) * period: value
            for age, points in ages.items()
            if 0 <= age < rule.range and (value := _statistic(points, stat["Stat"])) is not None
        }

    result = _request(queries, series, starts).evaluate(_returned(queries))
    values = result if isinstance(result, dict) else (result[0] if result else {})
    return [alarm_state.Datapoint(start, values.get(start)) for start in starts]


def _only_metric_stat(alarm: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Metric": {key: alarm[key] for key in ("Namespace", "MetricName", "Dimensions")},
        "Stat": alarm.get("ExtendedStatistic") or alarm["Statistic"],
        "Period": alarm["Period"],
        "Unit": alarm.get("Unit"),
    }


def _points(stat: Mapping[str, Any]) -> list[Any]:
    """The stored values of exactly this metric: its dimensions and, when asked for, its unit."""
    metric = stat["Metric"]
    dimensions = cloudwatch._dims_from_list(metric.get("Dimensions") or [])
    key = (metric["Namespace"], metric["MetricName"], cloudwatch._dims_key(dimensions))
    unit = stat.get("Unit")
    return [point for point in list(cloudwatch._metrics.get(key) or ()) if not unit or point["Unit"] == unit]


def _statistic(points: Sequence[Any], name: str) -> float | None:
    value = cloudwatch._stat_value(cloudwatch._calc_stats(points), name, points)
    return None if value is None else float(value)


def _returned(queries: Iterable[Mapping[str, Any]]) -> str:
    (returned,) = [str(query["Id"]) for query in queries if query.get("ReturnData", True)]
    return returned


def _request(
    queries: Sequence[Mapping[str, Any]],
    series: Callable[[Mapping[str, Any]], metric_math.Series],
    timestamps: Sequence[float],
) -> metric_math.Request:
    stats = {query["Id"]: query["MetricStat"] for query in queries if "MetricStat" in query}
    return metric_math.Request(
        {name: series(stat) for name, stat in stats.items()},
        {query["Id"]: query["Expression"] for query in queries if "Expression" in query},
        {name: int(stat["Period"]) for name, stat in stats.items()},
        timestamps,
    )


# ---- Actions -------------------------------------------------------------------------------------


def dispatch_actions(alarm: Mapping[str, Any], old_state: str, new_state: str, reason: str) -> None:
    """Run the actions of the new state: notify SNS topics and invoke functions; other kinds are kept only."""
    state = {"value": new_state, "reason": reason, "timestamp": _time(time.time())}
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
        "AlarmConfigurationUpdatedTimestamp": _time(alarm["AlarmConfigurationUpdatedTimestamp"]),
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
        "Period": _period(alarm),
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
        queries = alarm.get("Metrics") or [{**stat, "MetricStat": _only_metric_stat(alarm)}]
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


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


# ---- PutMetricAlarm and CloudFormation -------------------------------------------------------------


def _problem(alarm: Mapping[str, Any]) -> str | None:
    """Why AWS, or the local AWS, would not take this alarm."""
    queries = alarm.get("Metrics") or []
    stats = [query["MetricStat"] for query in queries if "MetricStat" in query]
    periods = [int(stat["Period"]) for stat in stats] or [int(alarm.get("Period") or 60)]
    statistics = [stat["Stat"] for stat in stats]
    statistics += [alarm[key] for key in ("Statistic", "ExtendedStatistic") if alarm.get(key)]
    unknown = [statistic for statistic in statistics if not STATISTIC.fullmatch(statistic)]
    problems = {
        f"The local AWS does not know the comparison {alarm.get('ComparisonOperator')}": (
            alarm.get("ComparisonOperator") not in alarm_state.COMPARISONS
        ),
        f"The local AWS does not know the statistic {', '.join(unknown)}": bool(unknown),
        "DatapointsToAlarm must not be more than EvaluationPeriods": (
            int(alarm.get("DatapointsToAlarm") or 1) > int(alarm["EvaluationPeriods"])
        ),
        "Metric period must be 10, 20, 30 or a multiple of 60": any(
            period not in (10, 20, 30) and (period < 1 or period % 60) for period in periods
        ),
        "All metrics of an alarm must have the same period": len(set(periods)) > 1,
        "Exactly one element of the metrics list should return data": (
            bool(queries) and [query.get("ReturnData", True) for query in queries].count(True) != 1
        ),
    }
    for problem, applies in problems.items():
        if applies:
            return problem
    return _problem_of_math(queries)


def _problem_of_math(queries: Sequence[Mapping[str, Any]]) -> str | None:
    try:
        request = _request(queries, lambda _stat: {0.0: 1.0}, (0.0,))
        for name in request.expressions:
            request.evaluate(name)
    except metric_math.MetricMathError as error:
        return str(error)
    return None


def _complete(alarm: dict[str, Any], before: Mapping[str, Any] | None, queries: Sequence[Mapping[str, Any]]) -> None:
    """What the emulator forgets of an alarm: its queries, and, of a known one, why it is in its state."""
    if queries:
        for key in OF_ONE_METRIC:
            alarm.pop(key, None)
        alarm["Metrics"] = [{"ReturnData": True, **query} for query in queries]
    alarm |= {key: before[key] for key in OF_THE_STATE if before and key in before}


def _put_metric_alarm(original: Callable[..., Any]) -> Callable[..., Any]:
    def put(params: Any, data: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Any:
        if not is_cbor and not is_json:  # the old query protocol: no SDK of today speaks it
            return original(params, data, is_cbor, is_json)
        problem = _problem(data)
        if problem:
            return cloudwatch._error("ValidationError", problem, 400, use_json=is_json, use_cbor=is_cbor)
        with _lock:
            before = cloudwatch._alarms.get(data.get("AlarmName"))
            answer = original(params, data, is_cbor, is_json)
            if answer[0] == 200:
                _complete(cloudwatch._alarms[data["AlarmName"]], before, data.get("Metrics") or [])
        return answer

    return put


def _metric_alarm_record(original: Callable[..., Any]) -> Callable[..., Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html."""

    def alarm_record(name: str, properties: dict[str, Any]) -> Any:
        queries = [_typed(query) for query in properties.get("Metrics") or ()]
        numbers: dict[str, Any] = {
            key: int(properties[key]) for key in ("Period", "EvaluationPeriods") if key in properties
        }
        problem = _problem({**properties, **numbers, "Metrics": queries})
        if problem:
            raise ValueError(problem)
        plain = {key: value for key, value in properties.items() if key != "Metrics"}
        if queries:
            plain |= {"MetricName": "-", "Namespace": "-"}
        alarm = original(name, plain)
        _complete(alarm, cloudwatch._alarms.get(name), queries)
        return alarm

    return alarm_record


def _typed(query: Mapping[str, Any]) -> dict[str, Any]:
    """A query of a template, whose numbers and truths may be texts."""
    typed = dict(query)
    if "ReturnData" in typed:
        typed["ReturnData"] = str(typed["ReturnData"]).lower() == "true"
    if "MetricStat" in typed:
        typed["MetricStat"] = {**typed["MetricStat"], "Period": int(typed["MetricStat"]["Period"])}
    return typed


def _create_composite_alarm(logical_id: str, properties: Any, stack: str) -> tuple[str, dict[str, str]]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-compositealarm.html."""
    name = properties.get("AlarmName") or provisioners._physical_name(stack, logical_id, max_len=255)
    return _put_composite_alarm(name, properties)


def _update_composite_alarm(name: str, _old: Any, new: Any, _stack: str) -> tuple[str, dict[str, str]]:
    return _put_composite_alarm(name, new)


def _put_composite_alarm(name: str, properties: Any) -> tuple[str, dict[str, str]]:
    status, _, body = cloudwatch._put_composite_alarm({}, {**properties, "AlarmName": name}, False, True)
    if status != 200:
        raise ValueError(json.loads(body)["message"])
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}


def _delete_composite_alarm(name: str, _properties: Any) -> None:
    cloudwatch._delete_alarms({}, {"AlarmNames": [name]}, False, True)


# ---- GetMetricData ---------------------------------------------------------------------------------


def _get_metric_data(original: Callable[..., Any]) -> Callable[..., Any]:
    """GetMetricData with expressions, exact dimensions, and `ScanBy`: the newest datapoint first by default."""

    def get(params: Any, data: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Any:
        if not is_cbor and not is_json:
            return original(params, data, is_cbor, is_json)
        try:
            results = _results(data)
        except metric_math.MetricMathError as error:
            return cloudwatch._error("ValidationError", str(error), 400, use_json=is_json, use_cbor=is_cbor)
        if is_cbor:
            return cloudwatch._cbor_ok({"MetricDataResults": [cloudwatch._cbor_metric_data_result(r) for r in results]})
        return cloudwatch._json_ok({"MetricDataResults": results})

    return get


def _results(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    queries = data["MetricDataQueries"]
    start, end = cloudwatch._parse_ts(data["StartTime"]), cloudwatch._parse_ts(data["EndTime"])
    newest_first = data.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    periods = [int(query["MetricStat"]["Period"]) for query in queries if "MetricStat" in query]
    periods += [int(query["Period"]) for query in queries if query.get("Period")]
    longest = max(periods, default=60)
    grid = [float(at) for at in range(math.floor(start / longest) * longest, math.ceil(end), longest)]

    def series(stat: Mapping[str, Any]) -> metric_math.Series:
        period = int(stat["Period"])
        buckets: dict[float, list[Any]] = defaultdict(list)
        for point in _points(stat):
            if start <= point["Timestamp"] < end:
                buckets[float(point["Timestamp"] // period * period)].append(point)
        values = {at: _statistic(points, stat["Stat"]) for at, points in buckets.items()}
        return {at: value for at, value in values.items() if value is not None}

    request = _request(queries, series, grid)
    results = []
    for query in queries:
        if not query.get("ReturnData", True):
            continue
        result = request.evaluate(query["Id"])
        default = query["MetricStat"]["Metric"]["MetricName"] if "MetricStat" in query else query["Id"]
        for values in result if isinstance(result, list) else [result]:
            timestamps = sorted(values, reverse=newest_first)
            results.append(
                {
                    "Id": query["Id"],
                    "Label": query.get("Label") or default,
                    "Timestamps": [cloudwatch._ts_iso(at) for at in timestamps],
                    "Values": [values[at] for at in timestamps],
                    "StatusCode": "Complete",
                }
            )
    return results
