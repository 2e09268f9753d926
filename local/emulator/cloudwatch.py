"""CloudWatch: alarms on a clock of their own; metric math; the newest datapoint first.

The emulator evaluates alarms when a metric is put, over all dimensions, and knows no missing data. Here

- an alarm is evaluated each minute, one with a period below a minute each ten seconds:
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
- metric math counts, in alarms and in GetMetricData:
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html

What state datapoints make stands in `alarm_state.py`, what an expression gives in `metric_math.py`, whom a change of
state reaches in `alarm_actions.py`.
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
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local.emulator import alarm_actions, alarm_state, metric_math

logger = logging.getLogger("farflow.cloudwatch")

MINUTE_SECONDS = float(os.environ.get("FARFLOW_CLOUDWATCH_MINUTE_SECONDS", "60"))
"""How long CloudWatch's minute lasts here. Tests shorten it: alarms' periods and clock, service metrics and
Firehose's buffer intervals shrink with it; timestamps and GetMetricData's periods do not."""

EVALUATIONS_PER_MINUTE = 6
STATISTIC = re.compile(r"SampleCount|Average|Sum|Minimum|Maximum|p(100|\d{1,2})(\.\d{0,10})?")
OF_ONE_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit", "Dimensions")
OF_THE_STATE = ("StateReasonData", "StateTransitionedTimestamp")

_lock = threading.RLock()


def install(publishers: Sequence[Callable[[float], None]] = ()) -> None:
    """Replace the emulator's alarms. `publishers` write services' metrics, stamped with the minute given."""
    for name in ("_evict_old_metrics", "record_metric", "_put_metric_alarm", "_set_alarm_state", "_delete_alarms"):
        setattr(cloudwatch, name, _alone(getattr(cloudwatch, name)))
    cloudwatch._evaluate_alarm = lambda _alarm: None
    cloudwatch._evaluate_all_alarms = lambda: None
    cloudwatch._dispatch_alarm_actions = alarm_actions.dispatch
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
        if not due(alarm_actions.period_of(alarm)):
            continue
        try:
            with request_scope(account, region), _lock:
                if cloudwatch._alarms.get(name) is alarm:
                    _evaluate(alarm, now)
        except Exception:
            logger.exception("alarm %s could not be evaluated", name)


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
        "queryDate": alarm_actions.iso_time(now),
        "period": alarm_actions.period_of(alarm),
        "threshold": rule.threshold,
        "recentDatapoints": [point.value for point in reversed(decision.evaluated) if point.value is not None],
        "evaluatedDatapoints": [
            {"timestamp": alarm_actions.iso_time(point.timestamp)}
            | ({} if point.value is None else {"value": point.value})
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
    alarm_actions.dispatch(alarm, old_state, decision.state, decision.reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _datapoints(alarm: Mapping[str, Any], rule: alarm_state.Rule, now: float) -> list[alarm_state.Datapoint]:
    """The latest periods that the rule looks at, the oldest first."""
    period = alarm_actions.period_of(alarm)
    starts = [now - (age + 1) * period for age in reversed(range(rule.range))]
    queries = alarm.get("Metrics") or [
        {"Id": "metric", "MetricStat": alarm_actions.metric_stat_of(alarm), "ReturnData": True}
    ]

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
