"""Elastic Load Balancing: checks, routing by health, draining, stickiness, weights; with real servers as targets.

AWS's shortest check interval is 5 s. The emulator accepts 1 s, which keeps these tests short.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.config import Config

from tests.integration.local_aws.conftest import LocalAws
from tests.integration.local_aws.test_cloudformation import NETWORK, deploy

NUMBERS = itertools.count(1)
Eventually = Callable[..., Any]


class Target(ThreadingHTTPServer):
    """A real server: `/health` answers `health`, `/silent` never answers, `/broken` hangs up, else its name."""

    daemon_threads = True
    health = 200
    checks = 0
    cookie = ""

    def __init__(self, name: str, address: str) -> None:
        super().__init__((address, 0), Handler)
        self.name = name
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def id(self) -> dict[str, Any]:
        return {"Id": self.server_address[0], "Port": self.server_address[1]}

    @property
    def key(self) -> str:
        return "{Id}:{Port}".format(**self.id)

    def handle_error(self, *_: Any) -> None:
        """A client that has hung up, which these tests' plain runs do."""

    def end(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Target

    def do_GET(self) -> None:
        if self.path == "/health":
            self.server.checks += 1
            if self.server.health == 0:
                self.server.released.wait()
            self.answer(self.server.health or 200)
        elif self.path == "/silent":
            self.server.released.wait()
            self.answer(200)
        elif self.path == "/broken":
            self.close_connection = True
        else:
            self.answer(200)

    def answer(self, status: int) -> None:
        body = self.server.name.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if self.server.cookie:
            self.send_header("Set-Cookie", self.server.cookie)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@dataclass
class Answer:
    status: int
    body: str
    cookies: dict[str, str]
    set_cookies: list[str]


@dataclass
class Balancer:
    """A load balancer with one listener and as many target groups as a test makes."""

    aws: LocalAws
    eventually: Eventually
    servers: list[Target] = field(default_factory=list)
    name: str = ""

    def __post_init__(self) -> None:
        self.name = f"lb{next(NUMBERS)}-{self.aws.url.rpartition(':')[2]}"
        # botocore itself refuses intervals below 5 s
        self.elb = self.aws.client("elbv2", config=Config(parameter_validation=False))
        self.arn = self.elb.create_load_balancer(Name=self.name)["LoadBalancers"][0]["LoadBalancerArn"]

    def serve(self, name: str, address: str | None = None) -> Target:
        """At an address of its own, if not at `address`."""
        self.servers.append(Target(name, address or f"127.0.2.{len(self.servers) + 1}"))
        return self.servers[-1]

    def group(self, *targets: Target, attributes: dict[str, str] | None = None, **settings: Any) -> str:
        defaults = {
            "TargetType": "ip",
            "Protocol": "HTTP",
            "Port": 80,
            "HealthCheckPath": "/health",
            "HealthCheckIntervalSeconds": 1,
            "HealthCheckTimeoutSeconds": 1,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2,
        }
        name = f"group{next(NUMBERS)}"
        created = self.elb.create_target_group(Name=name, **{**defaults, **settings})
        arn: str = created["TargetGroups"][0]["TargetGroupArn"]
        if attributes:
            pairs = [{"Key": key, "Value": value} for key, value in attributes.items()]
            self.elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=pairs)
        if targets:
            self.elb.register_targets(TargetGroupArn=arn, Targets=[target.id for target in targets])
        return arn

    def forward(self, group: str) -> None:
        self.listen([{"Type": "forward", "TargetGroupArn": group}])

    def listen(self, actions: list[dict[str, Any]]) -> str:
        created = self.elb.create_listener(LoadBalancerArn=self.arn, Protocol="HTTP", Port=80, DefaultActions=actions)
        arn: str = created["Listeners"][0]["ListenerArn"]
        return arn

    def health(self, group: str, *targets: Target) -> dict[str, dict[str, str]]:
        """Each target's state, reason and description by its key."""
        asked = {"Targets": [target.id for target in targets]} if targets else {}
        described = self.elb.describe_target_health(TargetGroupArn=group, **asked)["TargetHealthDescriptions"]
        return {"{Id}:{Port}".format(**each["Target"]): each["TargetHealth"] for each in described}

    def state(self, group: str, target: Target) -> str:
        return self.health(group).get(target.key, {}).get("State", "")

    def await_state(self, group: str, target: Target, state: str, seconds: float = 4) -> None:
        self.eventually(lambda: self.state(group, target) == state, seconds, f"{target.name} is {state}")

    def get(self, path: str = "/", cookies: dict[str, str] | None = None) -> Answer:
        headers = {"Host": f"{self.name}.alb.localhost"}
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        port = int(self.aws.url.rpartition(":")[2])
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=3)) as connection:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read().decode()
            set_cookies = response.headers.get_all("Set-Cookie") or []
        pairs = [cookie.partition(";")[0].partition("=") for cookie in set_cookies]
        return Answer(response.status, body, {name: value for name, _, value in pairs}, set_cookies)

    def served_by(self, requests: int = 8, **options: Any) -> Counter[str]:
        return Counter(self.get(**options).body for _ in range(requests))


@pytest.fixture
def balancer(local_aws: LocalAws, eventually: Eventually) -> Iterator[Balancer]:
    balancer = Balancer(local_aws, eventually)
    yield balancer
    for server in balancer.servers:
        server.end()


def test_new_target_gets_requests_after_one_passed_check(balancer: Balancer) -> None:
    """Not after as many as the healthy threshold says: "it must pass one health check to be considered healthy"."""
    target = balancer.serve("late")
    target.health = 503
    group = balancer.group(target, HealthyThresholdCount=10, UnhealthyThresholdCount=10)
    balancer.forward(group)
    balancer.eventually(lambda: target.checks, 2, "the first check")
    balancer.eventually(
        lambda: balancer.health(group)[target.key].get("Reason") == "Elb.InitialHealthChecking",
        1,
        "initial, and why",
    )
    assert balancer.get().status == 503
    target.health = 200
    balancer.await_state(group, target, "healthy", 2)
    assert balancer.get().body == "late"


def test_unhealthy_target_gets_no_requests_until_it_recovers(balancer: Balancer) -> None:
    good, bad = balancer.serve("good"), balancer.serve("bad")
    group = balancer.group(good, bad)
    balancer.forward(group)
    balancer.await_state(group, good, "healthy")
    balancer.await_state(group, bad, "healthy")
    bad.health = 500
    balancer.await_state(group, bad, "unhealthy")
    assert balancer.health(group)[bad.key] == {
        "State": "unhealthy",
        "Reason": "Target.ResponseCodeMismatch",
        "Description": "Health checks failed with these codes: [500]",
    }
    assert balancer.served_by() == {"good": 8}
    bad.health = 200
    balancer.await_state(group, bad, "healthy")
    assert balancer.served_by()["bad"] == 4


def test_reason_tells_a_silent_target_from_a_dead_one(balancer: Balancer) -> None:
    silent, dead = balancer.serve("silent"), balancer.serve("dead")
    silent.health = 0
    dead.end()
    balancer.servers.remove(dead)
    group = balancer.group(silent, dead, UnhealthyThresholdCount=1)
    balancer.forward(group)
    balancer.await_state(group, silent, "unhealthy")
    balancer.await_state(group, dead, "unhealthy")
    assert {port: health["Reason"] for port, health in balancer.health(group).items()} == {
        silent.key: "Target.Timeout",
        dead.key: "Target.FailedHealthChecks",
    }


def test_group_with_unhealthy_targets_only_fails_open(balancer: Balancer) -> None:
    one, two = balancer.serve("one"), balancer.serve("two")
    one.health = two.health = 500
    group = balancer.group(one, two, UnhealthyThresholdCount=1)
    balancer.forward(group)
    balancer.await_state(group, one, "unhealthy")
    balancer.await_state(group, two, "unhealthy")
    assert balancer.served_by() == {"one": 4, "two": 4}


def test_matcher_and_check_port_are_the_group_s(balancer: Balancer) -> None:
    """A target whose own port fails the checks, and another port answers with a code of the matcher."""
    target, watcher = balancer.serve("target", "127.0.2.1"), balancer.serve("watcher", "127.0.2.1")
    target.health, watcher.health = 500, 204
    group = balancer.group(target, HealthCheckPort=str(watcher.id["Port"]), Matcher={"HttpCode": "201,203-205"})
    balancer.forward(group)
    balancer.await_state(group, target, "healthy")
    assert (target.checks, watcher.checks > 0) == (0, True)
    assert balancer.get().body == "target"


def test_targets_of_a_group_without_a_rule_are_unused_and_unchecked(balancer: Balancer) -> None:
    target = balancer.serve("idle")
    group = balancer.group(target)
    time.sleep(0.5)
    assert balancer.health(group)[target.key]["Reason"] == "Target.NotInUse"
    assert target.checks == 0


def test_ports_of_one_address_are_targets_of_their_own(balancer: Balancer) -> None:
    one, two = balancer.serve("one", "127.0.2.1"), balancer.serve("two", "127.0.2.1")
    elsewhere = balancer.serve("elsewhere")
    group = balancer.group(one, two, elsewhere)
    balancer.forward(group)
    for target in (one, two, elsewhere):
        balancer.await_state(group, target, "healthy")
    assert balancer.served_by(9) == {"one": 3, "two": 3, "elsewhere": 3}
    balancer.elb.deregister_targets(TargetGroupArn=group, Targets=[one.id])
    assert balancer.served_by(4) == {"two": 2, "elsewhere": 2}


def test_draining_target_ends_its_requests_and_gets_no_others(balancer: Balancer) -> None:
    """Not even those whose cookie binds them: "the request is routed to a healthy target"."""
    leaving, staying = balancer.serve("leaving"), balancer.serve("staying")
    sticky = {"stickiness.enabled": "true", "stickiness.type": "lb_cookie"}
    group = balancer.group(leaving, attributes={**sticky, "deregistration_delay.timeout_seconds": "1"})
    balancer.forward(group)
    balancer.await_state(group, leaving, "healthy")
    bound = balancer.get().cookies
    balancer.elb.register_targets(TargetGroupArn=group, Targets=[staying.id])
    balancer.await_state(group, staying, "healthy")
    assert balancer.served_by(4, cookies=bound) == {"leaving": 4}
    answers: list[Answer] = []
    waiting = threading.Thread(target=lambda: answers.append(balancer.get("/silent", cookies=bound)))
    waiting.start()
    time.sleep(0.3)
    balancer.elb.deregister_targets(TargetGroupArn=group, Targets=[leaving.id])
    assert balancer.health(group)[leaving.key]["Reason"] == "Target.DeregistrationInProgress"
    assert balancer.served_by(4, cookies=bound) == {"staying": 4}
    leaving.released.set()
    waiting.join(5)
    assert [answer.body for answer in answers] == ["leaving"]
    balancer.eventually(lambda: leaving.key not in balancer.health(group), 2, "the delay is over")
    assert balancer.health(group, leaving)[leaving.key]["Reason"] == "Target.NotRegistered"


def test_load_balancer_answers_503_502_and_504_itself(balancer: Balancer) -> None:
    target = balancer.serve("target")
    group = balancer.group()
    balancer.forward(group)
    idle = {"Key": "idle_timeout.timeout_seconds", "Value": "1"}
    balancer.elb.modify_load_balancer_attributes(LoadBalancerArn=balancer.arn, Attributes=[idle])
    assert balancer.get().status == 503
    balancer.elb.register_targets(TargetGroupArn=group, Targets=[target.id])
    balancer.await_state(group, target, "healthy")
    assert balancer.get("/broken").status == 502
    started = time.monotonic()
    assert balancer.get("/silent").status == 504
    assert time.monotonic() - started < 2


def test_load_balancer_cookie_binds_to_a_target_while_it_is_healthy(balancer: Balancer) -> None:
    one, two = balancer.serve("one"), balancer.serve("two")
    group = balancer.group(one, two, attributes={"stickiness.enabled": "true", "stickiness.type": "lb_cookie"})
    balancer.forward(group)
    balancer.await_state(group, one, "healthy")
    balancer.await_state(group, two, "healthy")
    first = balancer.get()
    assert set(first.cookies) == {"AWSALB", "AWSALBCORS"}
    assert all("Expires=" in cookie and "Path=/" in cookie for cookie in first.set_cookies)
    assert balancer.served_by(cookies=first.cookies) == {first.body: 8}
    bound, other = (one, two) if first.body == "one" else (two, one)
    bound.health = 500
    balancer.await_state(group, bound, "unhealthy")
    moved = balancer.get(cookies=first.cookies)
    assert moved.body == other.name
    bound.health = 200
    balancer.await_state(group, bound, "healthy")
    assert balancer.served_by(4, cookies=moved.cookies) == {other.name: 4}


def test_binding_ends_with_its_duration(balancer: Balancer) -> None:
    one, two = balancer.serve("one"), balancer.serve("two")
    short = {"stickiness.enabled": "true", "stickiness.lb_cookie.duration_seconds": "1"}
    group = balancer.group(one, two, attributes=short)
    balancer.forward(group)
    balancer.await_state(group, one, "healthy")
    balancer.await_state(group, two, "healthy")
    bound = balancer.get().cookies
    assert bound
    time.sleep(2)
    assert balancer.served_by(cookies=bound) == {"one": 4, "two": 4}


def test_application_cookie_binds_once_the_target_sets_its_own(balancer: Balancer) -> None:
    one, two = balancer.serve("one"), balancer.serve("two")
    group = balancer.group(
        one,
        two,
        attributes={
            "stickiness.enabled": "true",
            "stickiness.type": "app_cookie",
            "stickiness.app_cookie.cookie_name": "session",
        },
    )
    balancer.forward(group)
    balancer.await_state(group, one, "healthy")
    balancer.await_state(group, two, "healthy")
    assert balancer.get().cookies == {}
    one.cookie = two.cookie = "session=s1; Path=/"
    first = balancer.get()
    assert set(first.cookies) == {"session", "AWSALBAPP-0"}
    assert balancer.served_by(cookies=first.cookies) == {first.body: 8}
    alone = {"AWSALBAPP-0": first.cookies["AWSALBAPP-0"]}
    assert balancer.served_by(cookies=alone) == {"one": 4, "two": 4}


def test_forward_action_shares_requests_by_weight(balancer: Balancer) -> None:
    blue, green = balancer.serve("blue"), balancer.serve("green")
    groups = balancer.group(blue), balancer.group(green)

    def action(*weights: int, **sticky: Any) -> list[dict[str, Any]]:
        members = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in zip(groups, weights, strict=True)]
        config = {"TargetGroups": members, "TargetGroupStickinessConfig": {"Enabled": False, **sticky}}
        return [{"Type": "forward", "ForwardConfig": config}]

    listener = balancer.listen(action(1, 1))
    balancer.await_state(groups[0], blue, "healthy")
    balancer.await_state(groups[1], green, "healthy")
    described = balancer.elb.describe_listeners(ListenerArns=[listener])["Listeners"][0]["DefaultActions"][0]
    assert described["ForwardConfig"] == action(1, 1)[0]["ForwardConfig"]
    assert "TargetGroupArn" not in described
    assert set(balancer.served_by(40)) == {"blue", "green"}
    balancer.elb.modify_listener(ListenerArn=listener, DefaultActions=action(0, 1))
    assert balancer.served_by(20) == {"green": 20}
    balancer.elb.modify_listener(ListenerArn=listener, DefaultActions=action(1, 1, Enabled=True, DurationSeconds=60))
    first = balancer.get()
    assert set(first.cookies) == {"AWSALBTG", "AWSALBTGCORS"}
    assert balancer.served_by(20, cookies=first.cookies) == {first.body: 20}


OIDC = {
    "Issuer": "https://idp.example",
    "AuthorizationEndpoint": "https://idp.example/authorize",
    "TokenEndpoint": "https://idp.example/token",
    "UserInfoEndpoint": "https://idp.example/userinfo",
    "ClientId": "client-1",
    "ClientSecret": "do-not-tell",
    "Scope": "openid email",
    "SessionTimeout": 3600,
    "OnUnauthenticatedRequest": "deny",
}


def test_template_s_actions_are_kept_as_given(balancer: Balancer) -> None:
    """`AuthenticateOidcConfig` and `ForwardConfig`, of a listener and of a rule."""
    actions = [
        {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": OIDC},
        {
            "Type": "forward",
            "Order": 2,
            "ForwardConfig": {
                "TargetGroups": [
                    {"TargetGroupArn": {"Ref": "Blue"}, "Weight": 9},
                    {"TargetGroupArn": {"Ref": "Green"}, "Weight": "1"},
                ],
                "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60},
            },
        },
    ]
    group = {
        "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "TargetType": "ip", "Protocol": "HTTP", "Port": 80},
    }
    path = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/open"]}}]
    allowing = {**OIDC, "OnUnauthenticatedRequest": "allow"}
    found = deploy(
        balancer.aws,
        "actions",
        {
            **NETWORK,
            "Blue": group,
            "Green": group,
            "Listener": {
                "Type": "AWS::ElasticLoadBalancingV2::Listener",
                "Properties": {
                    "LoadBalancerArn": balancer.arn,
                    "Port": 80,
                    "Protocol": "HTTP",
                    "DefaultActions": actions,
                },
            },
            "Rule": {
                "Type": "AWS::ElasticLoadBalancingV2::ListenerRule",
                "Properties": {
                    "ListenerArn": {"Ref": "Listener"},
                    "Priority": 1,
                    "Conditions": path,
                    "Actions": [{**actions[0], "AuthenticateOidcConfig": allowing}, actions[1]],
                },
            },
        },
        {"Listener": {"Ref": "Listener"}, "Rule": {"Ref": "Rule"}, "Blue": {"Ref": "Blue"}, "Green": {"Ref": "Green"}},
    )
    (listener,) = balancer.elb.describe_listeners(ListenerArns=[found["Listener"]])["Listeners"]
    (rule,) = balancer.elb.describe_rules(RuleArns=[found["Rule"]])["Rules"]
    shown = {key: value for key, value in OIDC.items() if key != "ClientSecret"}
    session = {"SessionCookieName": "AWSELBAuthSessionCookie"}  # AWS's default
    assert listener["DefaultActions"][0]["AuthenticateOidcConfig"] == {**shown, **session}
    assert rule["Actions"][0]["AuthenticateOidcConfig"] == {
        **shown,
        **session,
        "OnUnauthenticatedRequest": "allow",
    }
    for forward in (listener["DefaultActions"][1], rule["Actions"][1]):
        assert forward["ForwardConfig"] == {
            "TargetGroups": [
                {"TargetGroupArn": found["Blue"], "Weight": 9},
                {"TargetGroupArn": found["Green"], "Weight": 1},
            ],
            "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60},
        }
    assert "do-not-tell" not in json.dumps([listener, rule])
    assert balancer.get("/").status == 401
    assert balancer.get("/open").status == 503  # allowed through, to groups without targets
