"""CloudWatch Logs' filter patterns, by the examples of AWS's documentation."""

import json

import pytest

from local.emulator.log_filter_pattern import FilterPatternError, compiled, value_at

MESSAGES = [
    "[ERROR 400] BAD REQUEST",
    "[ERROR 401] UNAUTHORIZED REQUEST",
    "[ERROR 419] MISSING ARGUMENTS",
    "[ERROR 420] INVALID ARGUMENTS",
    "[INFO 200] MISSING ARGUMENTS",
]


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("", [0, 1, 2, 3, 4]),
        ('" "', [0, 1, 2, 3, 4]),
        ("ERROR", [0, 1, 2, 3]),
        ("error", []),
        ("ERROR ARGUMENTS", [2, 3]),
        ("?ERROR ?ARGUMENTS", [0, 1, 2, 3, 4]),
        ("?BAD ?INVALID", [0, 3]),
        ("ERROR -ARGUMENTS", [0, 1]),
        ('"MISSING ARGUMENTS"', [2, 4]),
        ('"ERROR 4" -"ERROR 40"', [2, 3]),
        ("-ERROR", [4]),
    ],
)
def test_terms_match_as_documented(pattern: str, matching: list[int]) -> None:
    assert [number for number, message in enumerate(MESSAGES) if compiled(pattern)(message)] == matching


EVENT = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": None,
    "ok": True,
    "bandwidth": 80,
    "number": [1e-3],
    "user": {"id": 1, "email": "John.Stiles@example.com"},
    "users": [{"id": 2, "email": "John.Doe@example.com"}],
    "actions": ["GET", "PUT", "DELETE"],
    "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]],
    "code": "400",
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ('{$.eventType="UpdateTrail"}', True),
        ("{ $.eventType = Update* }", True),
        ('{ $.eventType = "*Trail" }', True),
        ('{ $.eventType = "updatetrail" }', False),
        ('{ $.eventType != "UpdateTrail" }', False),
        ("{ $.eventType = * }", True),
        ("{ $.nothing = * }", False),
        ("{ $.nothing != 1 }", False),
        ("{ $.sourceIPAddress != 123.123.* }", True),
        ("{ $.sourceIPAddress = 111.* }", True),
        ('{ $.arrayKey[0] = "value" }', True),
        ('{ $.arrayKey = "value" }', False),
        ("{ $.objectList[1].id = 2 }", True),
        ("{ $.objectList[2].id = 2 }", False),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.ok IS TRUE }", True),
        ("{ $.ok IS FALSE }", False),
        ("{ $.SomeOtherObject NOT EXISTS }", True),
        ("{ $.SomeObject NOT EXISTS }", False),
        ("{ $.bandwidth > 75 }", True),
        ("{ $.bandwidth < 75 }", False),
        ("{ $.bandwidth >= 80 && $.bandwidth <= 80 }", True),
        ("{ $.bandwidth = 80 }", True),
        ("{ $.bandwidth = 8* }", True),
        ("{ $.bandwidth != 500 }", True),
        ("{ $.number[0] = 1e-3 }", True),
        ("{ $.number[0] != 1e+3 }", True),
        ("{ $.code = 400 }", True),
        ("{ $.eventType > 5 }", False),
        ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', True),
        (
            '{ $.user.email = "John.Stiles@example.com" || $.user.id = "nonmatch" && $.actions[2] = "nonmatch" }',
            True,
        ),
        (
            '{ ($.user.email = "John.Stiles@example.com" || $.user.id = "nonmatch") && $.actions[2] = "nonmatch" }',
            False,
        ),
        ('{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', False),
    ],
)
def test_json_pattern_matches_as_documented(pattern: str, expected: bool) -> None:
    assert compiled(pattern)(json.dumps(EVENT)) is expected


def test_text_is_no_json_event() -> None:
    assert not compiled('{ $.level = "ERROR" }')("level ERROR")


@pytest.mark.parametrize(
    "pattern", ["{ $.a = 1", "{ $.a ~ 1 }", "{ $.a = }", "{ $.a > big }", "[ip, user]", "%a.c%", "A ?B"]
)
def test_other_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(FilterPatternError):
        compiled(pattern)


def test_value_is_where_the_selector_points() -> None:
    assert value_at(json.dumps(EVENT), "$.objectList[1].id") == 2
    assert value_at(json.dumps(EVENT), "$.nothing") is None
    assert value_at("no json", "$.a") is None
