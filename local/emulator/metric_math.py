"""CloudWatch's metric math over time series, without a clock and without a store.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

A value is a number, a time series (timestamp -> number; a missing timestamp is missing data) or an array of
time series. The grammar is close enough to Python's to be rewritten into it (`^`, `AND`, `&&`) and
parsed by `ast`; every node and every name is then checked, so nothing of Python is ever run.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Series = dict[float, float]
Value = float | Series | list[Series]


class MetricMathError(ValueError):
    """The expression is none, or uses what the local AWS does not know."""


@dataclass
class Request:
    """Everything that one request asks for.

    `timestamps` are the starts of all its periods, the oldest first: where a series may have data.
    """

    series: Mapping[str, Series]
    expressions: Mapping[str, str] = field(default_factory=dict)
    periods: Mapping[str, int] = field(default_factory=dict)
    timestamps: Sequence[float] = ()

    def evaluate(self, wanted: str) -> Series | list[Series]:
        """The result of the expression or metric `wanted`. Raises `MetricMathError`."""
        value = _Evaluation(self).of(wanted)
        if isinstance(value, float):
            raise MetricMathError(f"Error in expression '{wanted}': the result is a number, not a time series")
        if isinstance(value, list):
            return [_finite(series) for series in value]
        return _finite(value)


def check(expression: str, known: Sequence[str]) -> None:
    """Raises `MetricMathError` when `expression` could not be evaluated over the metrics `known`."""
    series: dict[str, Series] = {name: {0.0: 1.0} for name in known}
    Request(series, {"expression": expression}, dict.fromkeys(known, 60), (0.0,)).evaluate("expression")


_TOKEN = re.compile(r'"[^"]*"|&&|\|\||\^|\b(?:AND|OR)\b')
_PYTHON = {"&&": " and ", "AND": "and", "||": " or ", "OR": "or", "^": "**"}


def _parse(expression: str) -> ast.expr:
    python = _TOKEN.sub(lambda match: _PYTHON.get(match.group(), match.group()), expression.strip())
    try:
        return ast.parse(python, mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise MetricMathError(f"Error in expression '{expression}': it cannot be parsed") from error


def _finite(series: Series) -> Series:
    return {timestamp: value for timestamp, value in sorted(series.items()) if math.isfinite(value)}


def _divide(left: float, right: float) -> float:
    """Not a number by zero: AWS drops that datapoint."""
    return left / right if right else math.nan


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except (ValueError, OverflowError):
        return math.nan


def _logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: function(value) if value > 0 else math.nan


_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divide,
    ast.Pow: _power,
}
_COMPARISON: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.LtE: operator.le,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.Gt: operator.gt,
}
_OF_EACH_VALUE: dict[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": math.ceil,
    "FLOOR": math.floor,
    "LOG": _logarithm(math.log),
    "LOG10": _logarithm(math.log10),
}
_OF_NEIGHBOURS: dict[str, Callable[[float, float], float]] = {
    # (seconds between two datapoints, difference of their values)
    "DIFF": lambda _, difference: difference,
    "DIFF_TIME": lambda seconds, _: seconds,
    "RATE": lambda seconds, difference: difference / seconds,
}
_OF_MANY: dict[str, Callable[[Sequence[float]], float]] = {
    "SUM": math.fsum,
    "AVG": lambda values: math.fsum(values) / len(values),
    "MIN": min,
    "MAX": max,
}


_OF_OTHER_KINDS = "METRICS FILL PERIOD IF TIME_SERIES FIRST LAST REMOVE_EMPTY METRIC_COUNT DATAPOINT_COUNT RUNNING_SUM"
FUNCTIONS = {*_OF_EACH_VALUE, *_OF_NEIGHBOURS, *_OF_MANY, *_OF_OTHER_KINDS.split()}


def _combine(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """`function` datapoint by datapoint; a datapoint that one of two series lacks is 0."""
    if isinstance(left, list) and isinstance(right, list):
        raise MetricMathError("an operator takes one array of time series at most")
    if isinstance(left, list):
        return [_one(_combine(function, series, right)) for series in left]
    if isinstance(right, list):
        return [_one(_combine(function, left, series)) for series in right]
    if isinstance(left, float) and isinstance(right, float):
        return float(function(left, right))
    left_of = left.get if isinstance(left, dict) else (lambda *_: left)
    right_of = right.get if isinstance(right, dict) else (lambda *_: right)
    timestamps = {*(left if isinstance(left, dict) else ()), *(right if isinstance(right, dict) else ())}
    return _finite({at: float(function(left_of(at, 0.0), right_of(at, 0.0))) for at in timestamps})


def _one(value: Value) -> Series:
    if not isinstance(value, dict):
        raise MetricMathError("a single time series is needed here")
    return value


def _number(value: Value) -> float:
    if not isinstance(value, float):
        raise MetricMathError("a number is needed here")
    return value


def _each(function: Callable[[Series], Series], value: Value) -> Value:
    if isinstance(value, list):
        return [function(series) for series in value]
    return function(_one(value))


class _Evaluation:
    def __init__(self, request: Request) -> None:
        self._request = request
        self._under_way: list[str] = []

    def of(self, name: str) -> Value:
        if name in self._request.series:
            return self._request.series[name]
        if name not in self._request.expressions:
            raise MetricMathError(f"Error in expression: Unrecognized identifier '{name}'")
        if name in self._under_way:
            raise MetricMathError(f"Error in expression '{name}': it refers to itself")
        self._under_way.append(name)
        try:
            return self._value(_parse(self._request.expressions[name]))
        finally:
            self._under_way.pop()

    def _value(self, node: ast.expr) -> Value:  # noqa: PLR0911 - one case per kind of node
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                return self.of(name)
            case ast.List(elts=elements):
                return self._array(elements)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _combine(operator.sub, 0.0, self._value(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return _combine(_ARITHMETIC[type(op)], self._value(left), self._value(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISON:
                return _combine(_COMPARISON[type(op)], self._value(left), self._value(right))
            case ast.BoolOp(op=op, values=values):
                return self._logic(op, values)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments)
        raise MetricMathError(f"Error in expression: '{ast.unparse(node)}' is no metric math")

    def _array(self, elements: Sequence[ast.expr]) -> list[Series]:
        array: list[Series] = []
        for element in elements:
            value = self._value(element)
            array += value if isinstance(value, list) else [_one(value)]
        return array

    def _logic(self, op: ast.boolop, values: Sequence[ast.expr]) -> Value:
        either = isinstance(op, ast.Or)
        result = self._value(values[0])
        for node in values[1:]:
            result = _combine(
                lambda left, right: bool(left or right) if either else bool(left and right), result, self._value(node)
            )
        return result

    def _call(  # noqa: C901, PLR0911, PLR0912 - one case per function of the language
        self, name: str, nodes: Sequence[ast.expr]
    ) -> Value:
        if name not in FUNCTIONS:
            raise MetricMathError(f"Error in expression: the local AWS does not know the function {name}")
        if name == "METRICS" and len(nodes) <= 1:
            return self._metrics(nodes)
        if name == "FILL" and len(nodes) == 2:
            return self._fill(self._value(nodes[0]), nodes[1])
        if name == "PERIOD" and len(nodes) == 1 and isinstance(nodes[0], ast.Name):
            return float(self._request.periods[nodes[0].id])
        arguments = [self._value(node) for node in nodes]
        match name, arguments:
            case ("IF", [_, _] | [_, _, _]):
                return _if(arguments)
            case ("TIME_SERIES", [number]):
                return dict.fromkeys(self._request.timestamps, _number(number))
            case (("FIRST" | "LAST"), [list() as array]) if array:
                return _one(array[0 if name == "FIRST" else -1])
            case ("REMOVE_EMPTY", [list() as array]):
                return [series for series in array if series]
            case ("METRIC_COUNT", [list() as array]):
                return float(len(array))
            case ("DATAPOINT_COUNT", [dict() as series]):
                return float(len(series))
            case ("RUNNING_SUM", [value]):
                return _each(_running_sum, value)
            case (_, [value]) if name in _OF_EACH_VALUE:
                function = _OF_EACH_VALUE[name]
                return _each(lambda series: _finite({at: float(function(each)) for at, each in series.items()}), value)
            case (_, [value]) if name in _OF_NEIGHBOURS:
                return _each(lambda series: _neighbours(_OF_NEIGHBOURS[name], series), value)
            case (_, [value]) if name in _OF_MANY:
                return _of_many(name, value)
        raise MetricMathError(f"Error in expression: {name}() does not take these arguments")

    def _metrics(self, nodes: Sequence[ast.expr]) -> list[Series]:
        match nodes:
            case []:
                part = ""
            case [ast.Constant(value=str() as part)]:
                pass
            case _:
                raise MetricMathError("Error in expression: METRICS() takes a text")
        return [series for name, series in self._request.series.items() if part in name]

    def _fill(self, value: Value, filler: ast.expr) -> Value:
        timestamps = self._request.timestamps
        match filler:
            case ast.Name(id="REPEAT"):
                return _each(lambda series: _repeated(series, timestamps), value)
            case ast.Name(id="LINEAR"):
                return _each(lambda series: _interpolated(series, timestamps), value)
        by = self._value(filler)
        filled = by if isinstance(by, dict) else dict.fromkeys(timestamps, _number(by))
        return _each(lambda series: filled | series, value)


def _if(arguments: Sequence[Value]) -> Value:
    """Per datapoint of the condition: a missing true value is 0, a missing false value drops the datapoint."""
    condition, when_true = arguments[0], arguments[1]
    when_false: Value = arguments[2] if len(arguments) == 3 else {}
    if isinstance(condition, float):
        return _one(when_true if condition else when_false)

    result: Series = {}
    for at, value in _one(condition).items():
        chosen = when_true if value else when_false
        if isinstance(chosen, float):
            result[at] = chosen
        elif value or at in _one(chosen):
            result[at] = _one(chosen).get(at, 0.0)
    return result


def _of_many(name: str, value: Value) -> Value:
    """Of a series: a number. Of an array: a series, for whose average a missing datapoint is 0."""
    function = _OF_MANY[name]
    if isinstance(value, list):
        timestamps: set[float] = set().union(*value)
        return {
            at: function([series.get(at, 0.0) for series in value if name == "AVG" or at in series])
            for at in timestamps
        }
    values = list(_one(value).values())
    return float(function(values)) if values else math.nan


def _neighbours(function: Callable[[float, float], float], series: Series) -> Series:
    return {
        at: function(at - before, value - value_before)
        for (before, value_before), (at, value) in pairwise(sorted(series.items()))
    }


def _running_sum(series: Series) -> Series:
    total, sums = 0.0, {}
    for at, value in sorted(series.items()):
        total += value
        sums[at] = total
    return sums


def _repeated(series: Series, timestamps: Sequence[float]) -> Series:
    filled, last = dict(series), None
    for at in timestamps:
        last = series.get(at, last)
        if last is not None:
            filled[at] = last
    return filled


def _interpolated(series: Series, timestamps: Sequence[float]) -> Series:
    filled = dict(series)
    for (before, value_before), (after, value_after) in pairwise(sorted(series.items())):
        slope = (value_after - value_before) / (after - before)
        filled |= {at: value_before + slope * (at - before) for at in timestamps if before < at < after}
    return filled
