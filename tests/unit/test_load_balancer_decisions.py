"""Target health and stickiness: `local.emulator.target_health`, `local.emulator.stickiness`."""

from __future__ import annotations

import pytest

from local.emulator import stickiness, target_health
from local.emulator.stickiness import Binding, Cookies, Stickiness
from local.emulator.target_health import BROKEN, CHECKING, DRAINING, HEALTHY, NOT_CHECKED, REGISTERING, Check, Health

CHECK = Check.of(
    {
        "TargetType": "ip",
        "HealthCheckEnabled": True,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckPath": "/health",
        "HealthCheckIntervalSeconds": 15,
        "HealthCheckTimeoutSeconds": 10,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 3,
        "Matcher": {"HttpCode": "200,204-206"},
    }
)
UNHEALTHY = Health("unhealthy", BROKEN.reason, BROKEN.description)


@pytest.mark.parametrize(
    ("before", "results", "states"),
    [
        pytest.param(REGISTERING, "+", ["healthy"], id="one success is enough for a new target"),
        pytest.param(REGISTERING, "--+", ["initial", "initial", "healthy"], id="also after failures"),
        pytest.param(REGISTERING, "---", ["initial", "initial", "unhealthy"], id="new target fails the threshold"),
        pytest.param(HEALTHY, "--+--", ["healthy"] * 5, id="a success ends a row of failures"),
        pytest.param(HEALTHY, "---", ["healthy", "healthy", "unhealthy"], id="healthy target fails the threshold"),
        pytest.param(UNHEALTHY, "++", ["unhealthy", "healthy"], id="unhealthy target needs the healthy threshold"),
        pytest.param(UNHEALTHY, "+-++", ["unhealthy"] * 3 + ["healthy"], id="a failure ends a row of successes"),
    ],
)
def test_row_of_checks_gives_the_documented_states(before: Health, results: str, states: list[str]) -> None:
    seen, health = [], before
    for result in results:
        health = health.after(CHECK, None if result == "+" else BROKEN)
        seen.append(health.state)
    assert seen == states


def test_reason_of_an_initial_target_tells_whether_it_was_checked() -> None:
    assert REGISTERING.reason == "Elb.RegistrationInProgress"
    assert REGISTERING.after(CHECK, BROKEN).reason == "Elb.InitialHealthChecking"


@pytest.mark.parametrize(("code", "passes"), [(200, True), (204, True), (206, True), (203, False), (500, False)])
def test_matcher_names_codes_and_ranges(code: int, passes: bool) -> None:
    assert (target_health.judge(CHECK, code) is None) is passes


@pytest.mark.parametrize(
    ("healths", "routable"),
    [
        ([HEALTHY, HEALTHY], "01"),
        ([HEALTHY, UNHEALTHY, CHECKING], "0"),
        ([UNHEALTHY, UNHEALTHY], "01"),
        ([UNHEALTHY, REGISTERING], "0"),
        ([REGISTERING, DRAINING], ""),
        ([NOT_CHECKED], "0"),
        ([HEALTHY, DRAINING], "0"),
        ([], ""),
    ],
)
def test_only_documented_states_get_requests(healths: list[Health], routable: str) -> None:
    targets = {(str(number), 80): health for number, health in enumerate(healths)}
    assert "".join(address for address, _ in target_health.routable(targets)) == routable


@pytest.mark.parametrize(
    ("point", "group"), [(0.0, "first"), (0.24, "first"), (0.26, "third"), (0.99, "third")], ids=str
)
def test_weights_are_shares_and_zero_gets_nothing(point: float, group: str) -> None:
    assert target_health.weighted([("first", 1), ("second", 0), ("third", 3)], point) == group


def test_no_weight_no_group() -> None:
    assert target_health.weighted([("first", 0)], 0.5) is None


BINDING = Binding("group", "127.0.0.1", 80, 1000)
LB_COOKIE = Stickiness("lb_cookie", 60)


def test_cookie_binds_for_the_duration_and_to_its_writer_only() -> None:
    cookies = Cookies(b"key")
    jar = {"AWSALB": cookies.seal(BINDING)}
    assert cookies.find(jar, LB_COOKIE, 1059) == BINDING
    assert cookies.find(jar, LB_COOKIE, 1061) is None
    assert Cookies(b"other").find(jar, LB_COOKIE, 1000) is None
    assert cookies.find({"AWSALB": "not-ours"}, LB_COOKIE, 1000) is None


def test_application_cookie_binds_only_beside_the_application_s_own() -> None:
    cookies, kind = Cookies(b"key"), Stickiness("app_cookie", 60, "session")
    jar = {"AWSALBAPP-0": cookies.seal(BINDING)}
    assert cookies.find(jar, kind, 1000) is None
    assert cookies.find({**jar, "session": "x"}, kind, 1000) == BINDING


def test_cross_origin_cookie_is_secure_on_https_only() -> None:
    cookies = Cookies(b"key")
    cors, plain = cookies.headers(BINDING, LB_COOKIE, https=True)
    assert cors.startswith("AWSALBCORS=")
    assert cors.endswith("; Path=/; SameSite=None; Secure")
    assert plain.startswith("AWSALB=")
    assert plain.endswith("; Path=/")
    assert "Max-Age" not in cors + plain
    assert "Secure" not in "".join(cookies.headers(BINDING, LB_COOKIE, https=False))


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, stickiness.NONE),
        ({"stickiness.enabled": "false", "stickiness.type": "lb_cookie"}, stickiness.NONE),
        ({"stickiness.enabled": "true"}, Stickiness("lb_cookie", 86400)),
        (
            {"stickiness.enabled": "true", "stickiness.lb_cookie.duration_seconds": "5"},
            Stickiness("lb_cookie", 5),
        ),
    ],
)
def test_attributes_say_what_sticks(attributes: dict[str, str], expected: Stickiness) -> None:
    assert Stickiness.of(attributes) == expected
