"""CloudWatch's metric math, by the examples of AWS's documentation."""

import pytest

from local.emulator.metric_math import MetricMathError, Request, Series, check


def series(*values: float | None) -> Series:
    """Datapoints a minute apart; None is missing data."""
    return {60.0 * minute: float(value) for minute, value in enumerate(values) if value is not None}


def result(expression: str, **metrics: Series) -> object:
    return Request(
        metrics, {"e": expression}, dict.fromkeys(metrics, 60), [60.0 * minute for minute in range(5)]
    ).evaluate("e")


M1 = series(30, 20, 0, 0)
M2 = series(20, None, 20, None)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m1 < m2", series(0, 0, 1, 0)),
        ("m1 >= 30", series(1, 0, 0, 0)),
        ("m1 > 15 AND m2 > 15", series(1, 0, 0, 0)),
        ("m1 > 15 && m2 > 15", series(1, 0, 0, 0)),
        ("m1 > 25 OR m2 > 15", series(1, 0, 1, 0)),
        ("(m1 == 30) || (m1 != 20)", series(1, 0, 1, 1)),
        ("m1 + m2", series(50, 20, 20, 0)),
        ("m1 / m2", series(1.5, None, 0, None)),
        ("100 / m1", series(100 / 30, 5)),
        ("m1 - AVG(m1)", series(17.5, 7.5, -12.5, -12.5)),
        ("-5*m1", series(-150, -100, 0, 0)),
        ("2 * m1 ^ 2", series(1800, 800, 0, 0)),
        ("SUM(METRICS())", series(50, 20, 20, 0)),
        ('SUM(METRICS("m2"))', M2),
        ("AVG([m1, m2])", series(25, 10, 10, 0)),
        ("MAX([m1, m2])", series(30, 20, 20, 0)),
        ("MIN([m1, m2])", series(20, 20, 0, 0)),
        ("SUM(100/[m1, m2])", series(100 / 30 + 5, 5, 5)),
        ("METRICS()/10", [series(3, 2, 0, 0), series(2, None, 2)]),
        ("FILL(m2, 0)", series(20, 0, 20, 0, 0)),
        ("FILL(m2, m1)", series(20, 20, 20, 0)),
        ("FILL(m2, REPEAT)", series(20, 20, 20, 20, 20)),
        ("FILL(m2 + 0, LINEAR)", series(20, 20, 20)),
        ("DIFF(m1)", series(None, -10, -20, 0)),
        ("DIFF_TIME(m2)", series(None, None, 120)),
        ("RATE(m1)", series(None, -10 / 60, -20 / 60, 0)),
        ("RUNNING_SUM(m1)", series(30, 50, 50, 50)),
        ("ABS(m1 - 25)", series(5, 5, 25, 25)),
        ("CEIL(m1 / 7)", series(5, 3, 0, 0)),
        ("FLOOR(m1 / 7)", series(4, 2, 0, 0)),
        ("LOG10(m1)", pytest.approx(series(1.4771212547, 1.3010299957))),
        ("m1 / PERIOD(m1)", series(0.5, 20 / 60, 0, 0)),
        ("m1 / METRIC_COUNT(METRICS())", series(15, 10, 0, 0)),
        ("TIME_SERIES(MAX(m1))", series(30, 30, 30, 30, 30)),
        ("IF(m1 > 25, 1, 0)", series(1, 0, 0, 0)),
        ("IF(m1 > 25, m2)", series(20)),
        ("IF(1, m1, m2)", M1),
    ],
)
def test_expression_has_the_documented_result(expression: str, expected: object) -> None:
    assert result(expression, m1=M1, m2=M2) == expected


def test_if_takes_missing_true_values_for_zero_and_drops_missing_false_ones() -> None:
    assert result(
        "IF(c, t, f)", c=series(1, 1, 0, 0, None), t=series(30, None, 0, 0, 30), f=series(0, 0, 20, None, 20)
    ) == series(30, 0, 20)


def test_expressions_may_use_one_another() -> None:
    request = Request({"m1": M1}, {"e1": "m1 * 2", "e2": "e1 + 1"})
    assert request.evaluate("e2") == series(61, 41, 1, 1)


@pytest.mark.parametrize(
    "expression",
    [
        "m3",
        "e",
        "AVG(m1)",
        "m1 +",
        "SEARCH('{AWS/SQS}', 'Sum')",
        "ANOMALY_DETECTION_BAND(m1)",
        "SORT(METRICS(), AVG, DESC)",
        "__import__('os')",
        "m1.keys()",
        "[m for m in m1]",
        "METRICS() + METRICS()",
        "True",
        "sum(m1)",
    ],
)
def test_anything_else_is_refused(expression: str) -> None:
    with pytest.raises(MetricMathError):
        result(expression, m1=M1)
    with pytest.raises(MetricMathError):
        check(expression.replace("e", "expression") if expression == "e" else expression, ["m1"])


def test_good_expression_passes_the_check() -> None:
    check("IF(FILL(m1, 0) > 0 AND m2 < 5, RATE(m1), 0)", ["m1", "m2"])
