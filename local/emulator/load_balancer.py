"""Elastic Load Balancing: target health, routing by it, stickiness, weights, and actions kept as given.

The emulator calls every target healthy, knows one port per address, one target group per forward action, and
drops a template's `AuthenticateOidcConfig`. Sources:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

from __future__ import annotations

import asyncio
import itertools
import random
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import alb
from ministack.services.cloudformation import provisioners

from local.emulator import target_health
from local.emulator.health_checker import Group, HealthChecker
from local.emulator.stickiness import NONE, Binding, Cookies, Stickiness
from local.emulator.target_health import Check, Health, Target

Response = tuple[int, dict[str, Any], Any]


def install() -> LoadBalancer:
    """Put the additions in the emulator's place."""
    load_balancer = LoadBalancer()
    alb._ACTION_MAP["RegisterTargets"] = load_balancer.register_targets
    alb._ACTION_MAP["DeregisterTargets"] = load_balancer.deregister_targets
    alb._ACTION_MAP["DescribeTargetHealth"] = load_balancer.describe_target_health
    alb.set_targets_for_group = load_balancer.set_targets_for_group
    alb._forward_to_tg = load_balancer.forward
    _choose_group_before_forwarding(load_balancer)
    _keep_forward_config()
    _keep_actions_of_templates()
    return load_balancer


class LoadBalancer:
    """The targets of every target group and the way requests take to them."""

    def __init__(self) -> None:
        self._registration = threading.Lock()
        self._checker = HealthChecker(_checked_groups)
        self._turns: dict[str, Iterator[int]] = defaultdict(itertools.count)
        self.cookies = Cookies(secrets.token_bytes(32))

    # ---- Registration --------------------------------------------------------------------------

    def register_targets(self, params: Any) -> Any:
        arn = alb._p(params, "TargetGroupArn")
        if arn not in alb._tgs:
            return _group_not_found(arn)
        self._change(arn, add=[_target(arn, target) for target in alb._parse_targets_param(params)])
        return alb._empty("RegisterTargets")

    def deregister_targets(self, params: Any) -> Any:
        """A target named without a port is meant with its group's."""
        arn = alb._p(params, "TargetGroupArn")
        if arn not in alb._tgs:
            return _group_not_found(arn)
        self._change(arn, remove=[_target(arn, target) for target in alb._parse_targets_param(params)])
        return alb._empty("DeregisterTargets")

    def set_targets_for_group(self, arn: str, targets: Iterable[Target], previous_ids: Iterable[str] = ()) -> bool:
        """What ECS calls: withdraw the addresses that it published last, then register `targets`."""
        if arn not in alb._tgs:
            return False
        withdrawn = set(previous_ids)
        published = [(address, int(port)) for address, port in targets]
        known = [_target(arn, target) for target in alb._targets.get(arn, [])]
        self._change(arn, add=published, remove=[target for target in known if target[0] in withdrawn])
        return True

    def _change(self, arn: str, *, add: Iterable[Target] = (), remove: Iterable[Target] = ()) -> None:
        with self._registration:
            gone = set(remove)
            known = [_target(arn, target) for target in alb._targets.get(arn, [])]
            # What is removed and added in one step stays, without draining in between.
            registered = list(dict.fromkeys([*(target for target in known if target not in gone), *add]))
            alb._targets[arn] = [{"Id": address, "Port": port} for address, port in registered]
            delay = float(_attributes(arn).get("deregistration_delay.timeout_seconds", "300"))
            self._checker.register(arn, registered, deregistration_delay_seconds=delay)

    # ---- Health --------------------------------------------------------------------------------

    def healths(self, arn: str) -> dict[Target, Health]:
        """The health of each registered or draining target of a group, by address and port."""
        group = alb._tgs.get(arn)
        if group is None:
            return {}
        healths = dict(self._checker.healths(arn))
        if not Check.of(group).enabled:
            return {
                target: health if health.state == "draining" else target_health.NOT_CHECKED
                for target, health in healths.items()
            }
        if arn not in _forwarded_to():
            return dict.fromkeys(healths, target_health.NOT_IN_USE)
        return healths

    def describe_target_health(self, params: Any) -> Any:
        arn = alb._p(params, "TargetGroupArn")
        if arn not in alb._tgs:
            return _group_not_found(arn)
        healths = self.healths(arn)
        asked = [_target(arn, target) for target in alb._parse_targets_param(params)]
        shown = {target: healths.get(target, target_health.NOT_REGISTERED) for target in asked or healths}
        check_port = Check.of(alb._tgs[arn]).port
        members = "".join(_health_xml(target, health, check_port) for target, health in shown.items())
        return alb._xml(200, "DescribeTargetHealth", f"<TargetHealthDescriptions>{members}</TargetHealthDescriptions>")

    # ---- Requests ------------------------------------------------------------------------------

    async def forward(
        self,
        arn: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Any,
        raw_query: str | None = None,
        raw_path: str | None = None,
    ) -> Response:
        """One request to one target of a group."""
        group = alb._tgs.get(arn)
        if group is None:
            return _own_answer(HTTPStatus.SERVICE_UNAVAILABLE)
        if group["TargetType"] == "lambda":
            functions = alb._targets.get(arn, [])
            if not functions:
                return _own_answer(HTTPStatus.SERVICE_UNAVAILABLE)
            answer: Response = await alb._invoke_lambda_target(
                functions[0]["Id"], arn, method, path, headers, body, query, raw_query
            )
            return answer
        stickiness = Stickiness.of(_attributes(arn))
        target = self._choose_target(arn, headers, stickiness)
        if target is None:
            return _own_answer(HTTPStatus.SERVICE_UNAVAILABLE)
        registered = {"Id": target[0], "Port": target[1]}
        proxied = alb._proxy_http_target(registered, group, method, raw_path or path, headers, body, query, raw_query)
        response = await _within(_idle_seconds(arn), proxied)
        if isinstance(response[2], bytes):  # the load balancer's own; a target's is a stream
            return response
        return self._bind_to_target(response, arn, target, headers, stickiness)

    def _choose_target(self, arn: str, headers: Mapping[str, str], stickiness: Stickiness) -> Target | None:
        targets = target_health.routable(self.healths(arn))
        if not targets:
            return None
        binding = self.cookies.find(alb._oidc_parse_cookies(headers), stickiness, time.time())
        if binding and binding.group == arn and (binding.target, binding.port) in targets:
            return binding.target, binding.port
        return targets[next(self._turns[arn]) % len(targets)]

    def _bind_to_target(
        self, response: Response, arn: str, target: Target, headers: Mapping[str, str], stickiness: Stickiness
    ) -> Response:
        """Renew the client's binding "after every request"; an application's starts with its own cookie."""
        if not stickiness.kind:
            return response
        if stickiness.kind == "app_cookie":
            name = stickiness.application_cookie
            set_by_target = any(cookie.startswith(f"{name}=") for cookie in _set_cookies(response))
            bound = self.cookies.find(alb._oidc_parse_cookies(headers), stickiness, time.time()) is not None
            if not set_by_target and not bound:
                return response
        binding = Binding(arn, *target, int(time.time()))
        return _with_cookies(response, self.cookies.headers(binding, stickiness, https=_is_https(headers)))

    def choose_group(self, action: Mapping[str, Any], headers: Mapping[str, str]) -> tuple[str, list[str]]:
        """The target group that a forward action's weights, or the client's cookie, choose; and cookies to set."""
        weights = target_health.forward_weights(action)
        configured = (action.get("ForwardConfig") or {}).get("TargetGroupStickinessConfig") or {}
        stickiness = NONE
        if str(configured.get("Enabled", "")).lower() == "true":
            stickiness = Stickiness("group", int(configured["DurationSeconds"]))
        binding = self.cookies.find(alb._oidc_parse_cookies(headers), stickiness, time.time())
        if binding and binding.group in dict(weights):
            arn: str | None = binding.group
        else:
            arn = target_health.weighted(weights, random.random())  # noqa: S311 - a share of traffic
        if arn is None or not stickiness.kind:
            return arn or "", []
        return arn, self.cookies.headers(Binding(arn, "", 0, int(time.time())), stickiness, https=_is_https(headers))


def _choose_group_before_forwarding(load_balancer: LoadBalancer) -> None:
    """A forward action with several target groups becomes one with the group that is chosen for this request."""
    execute_all, execute_one = alb._execute_actions, alb._execute_action

    async def execute_actions(
        actions: list[dict[str, Any]], method: str, path: str, headers: Any, *arguments: Any, **options: Any
    ) -> Any:
        chosen = []
        for action in actions:
            if action.get("ForwardConfig"):
                arn, cookies = load_balancer.choose_group(action, headers)
                chosen.append({**action, "TargetGroupArn": arn, "GroupCookies": cookies})
            else:
                chosen.append(action)
        return await execute_all(chosen, method, path, headers, *arguments, **options)

    async def execute_action(action: dict[str, Any], *arguments: Any, **options: Any) -> Any:
        response = await execute_one(action, *arguments, **options)
        return _with_cookies(response, action.get("GroupCookies") or [])

    alb._execute_actions = execute_actions
    alb._execute_action = execute_action


def _keep_forward_config() -> None:
    """ForwardConfig through the API: parsed, and described again.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ForwardActionConfig.html
    """
    parse, render = alb._parse_actions, alb._action_xml

    def parse_actions(params: Any, prefix: str = "DefaultActions") -> list[dict[str, Any]]:
        actions: list[dict[str, Any]] = parse(params, prefix)
        for number, action in enumerate(actions, 1):
            config = _parse_forward_config(params, f"{prefix}.member.{number}.ForwardConfig")
            if config["TargetGroups"]:
                _set_forward_config(action, config)
        return actions

    def action_xml(action: Mapping[str, Any]) -> str:
        text: str = render(action)
        config = action.get("ForwardConfig")
        return text.replace("</member>", f"{_forward_config_xml(config)}</member>") if config else text

    alb._parse_actions = parse_actions
    alb._action_xml = action_xml


def _parse_forward_config(params: Any, prefix: str) -> dict[str, Any]:
    config: dict[str, Any] = {"TargetGroups": []}
    for number in itertools.count(1):
        member = f"{prefix}.TargetGroups.member.{number}"
        arn = alb._p(params, f"{member}.TargetGroupArn")
        if not arn:
            break
        config["TargetGroups"].append(
            {"TargetGroupArn": arn, "Weight": int(alb._p(params, f"{member}.Weight", "1") or 1)}
        )
    sticky = f"{prefix}.TargetGroupStickinessConfig"
    if enabled := alb._p(params, f"{sticky}.Enabled"):
        duration = alb._p(params, f"{sticky}.DurationSeconds", "0")
        config["TargetGroupStickinessConfig"] = {"Enabled": enabled == "true", "DurationSeconds": int(duration)}
    return config


def _set_forward_config(action: dict[str, Any], config: dict[str, Any]) -> None:
    """One group is described as TargetGroupArn too; of several, none is."""
    action["ForwardConfig"] = config
    action.pop("TargetGroupArn", None)
    if len(config["TargetGroups"]) == 1:
        action["TargetGroupArn"] = config["TargetGroups"][0]["TargetGroupArn"]


def _forward_config_xml(config: Mapping[str, Any]) -> str:
    groups = "".join(
        f"<member><TargetGroupArn>{group['TargetGroupArn']}</TargetGroupArn><Weight>{group['Weight']}</Weight></member>"
        for group in config["TargetGroups"]
    )
    sticky = config.get("TargetGroupStickinessConfig") or {"Enabled": False}
    duration = f"<DurationSeconds>{sticky['DurationSeconds']}</DurationSeconds>" if sticky["Enabled"] else ""
    return (
        f"<ForwardConfig><TargetGroups>{groups}</TargetGroups><TargetGroupStickinessConfig>"
        f"<Enabled>{str(sticky['Enabled']).lower()}</Enabled>{duration}"
        f"</TargetGroupStickinessConfig></ForwardConfig>"
    )


def _keep_actions_of_templates() -> None:
    """A template's ForwardConfig and AuthenticateOidcConfig, of listeners and of rules.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-elasticloadbalancingv2-listener-authenticateoidcconfig.html
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-elasticloadbalancingv2-listener-forwardconfig.html
    """
    original = provisioners._elbv2_listener_actions

    def listener_actions(properties: Any, lb_arn: str | None, prop: str = "DefaultActions") -> list[dict[str, Any]]:
        actions: list[dict[str, Any]] = original(properties, lb_arn, prop)
        given = [action for action in properties.get(prop) or [] if isinstance(action, dict)]
        for action, wanted in zip(actions, given, strict=True):
            if "AuthenticateOidcConfig" in wanted:
                action["AuthenticateOidcConfig"] = _oidc_config(wanted["AuthenticateOidcConfig"])
            if "ForwardConfig" in wanted:
                _set_forward_config(action, _template_forward_config(wanted["ForwardConfig"]))
        return actions

    provisioners._elbv2_listener_actions = listener_actions


def _oidc_config(given: Mapping[str, Any]) -> dict[str, Any]:
    """With AWS's defaults; text, as the emulator keeps what comes through the API."""
    config: dict[str, Any] = {
        "Scope": "openid",
        "SessionCookieName": alb.OIDC_DEFAULT_COOKIE_NAME,
        "SessionTimeout": str(alb.OIDC_DEFAULT_SESSION_TIMEOUT),
        "OnUnauthenticatedRequest": "authenticate",
    }
    return config | {key: value if isinstance(value, dict) else str(value) for key, value in given.items()}


def _template_forward_config(given: Mapping[str, Any]) -> dict[str, Any]:
    """With numbers for what came through a parameter as text."""
    config: dict[str, Any] = {
        "TargetGroups": [
            {"TargetGroupArn": group["TargetGroupArn"], "Weight": int(group.get("Weight", 1))}
            for group in given.get("TargetGroups") or []
        ]
    }
    if sticky := given.get("TargetGroupStickinessConfig"):
        config["TargetGroupStickinessConfig"] = {
            "Enabled": str(sticky.get("Enabled", "")).lower() == "true",
            "DurationSeconds": int(sticky.get("DurationSeconds", 0)),
        }
    return config


def _forwarded_to() -> set[str]:
    return target_health.groups_in_use(
        action for rule in alb._rules.all_values() for action in rule.get("Actions") or []
    )


def _checked_groups() -> Iterator[Group]:
    in_use = _forwarded_to()
    for group in alb._tgs.all_values():
        if group["TargetGroupArn"] in in_use:
            yield Group(group["TargetGroupArn"], Check.of(group))


def _target(arn: str, registered: Mapping[str, Any]) -> Target:
    """With its group's port where it has none of its own. A function has no port: 0."""
    group = alb._tgs[arn]
    if group["TargetType"] == "lambda":
        return registered["Id"], 0
    return registered["Id"], int(registered.get("Port") or group["Port"])


def _idle_seconds(arn: str) -> float:
    """The idle timeout of the load balancer that forwards to a group."""
    for rule in alb._rules.all_values():
        listener = alb._listeners.get(rule["ListenerArn"])
        if listener and arn in target_health.groups_in_use(rule.get("Actions") or []):
            return float(alb._lb_attr(listener["LoadBalancerArn"], "idle_timeout.timeout_seconds", "60"))
    return 60.0


def _attributes(arn: str) -> dict[str, str]:
    return {attribute["Key"]: str(attribute["Value"]) for attribute in alb._tg_attrs.get(arn, [])}


def _group_not_found(arn: str) -> Any:
    return alb._error("TargetGroupNotFound", f"Target group '{arn}' not found.")


def _health_xml(target: Target, health: Health, check_port: int | None) -> str:
    port = f"<Port>{target[1]}</Port>" if target[1] else ""
    reason = f"<Reason>{health.reason}</Reason>" if health.reason else ""
    description = f"<Description>{escape(health.description)}</Description>" if health.description else ""
    return (
        f"<member><Target><Id>{escape(target[0])}</Id>{port}</Target>"
        f"<HealthCheckPort>{check_port or target[1]}</HealthCheckPort>"
        f"<TargetHealth><State>{health.state}</State>{reason}{description}</TargetHealth></member>"
    )


async def _within(idle_seconds: float, proxied: Any) -> Response:
    """504 when the target does not respond within the idle timeout, or cannot be connected to within 10 seconds.

    502 when it refuses the connection or breaks it.
    """
    try:
        async with asyncio.timeout(idle_seconds):
            response: Response = await proxied
    except TimeoutError:
        return _own_answer(HTTPStatus.GATEWAY_TIMEOUT)
    status, _, body = response
    if status == HTTPStatus.BAD_GATEWAY and isinstance(body, bytes):
        timed_out = b"timed out" in body
        return _own_answer(HTTPStatus.GATEWAY_TIMEOUT if timed_out else HTTPStatus.BAD_GATEWAY)
    return response


def _own_answer(status: HTTPStatus) -> Response:
    """A page of the load balancer itself."""
    phrase = "Service Temporarily Unavailable" if status == HTTPStatus.SERVICE_UNAVAILABLE else status.phrase
    title = f"{status.value} {phrase.replace('Timeout', 'Time-out')}"
    page = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"
    return status.value, {"Content-Type": "text/html"}, page.encode()


def _set_cookies(response: Response) -> list[str]:
    found = response[1].get("set-cookie", [])
    return found if isinstance(found, list) else [found]


def _with_cookies(response: Response, cookies: list[str]) -> Response:
    if not cookies:
        return response
    status, headers, body = response
    return status, {**headers, "set-cookie": [*_set_cookies(response), *cookies]}, body


def _is_https(headers: Mapping[str, str]) -> bool:
    return headers.get("x-forwarded-proto") == "https"
