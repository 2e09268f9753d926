"""How the health of a load balancer's target changes, and which targets and groups get a request.

Sources, quoted where a rule needs it:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Target = tuple[str, int]
"""A target's id (an address) and port: what a target group knows it by."""


@dataclass(frozen=True)
class Check:
    """How a target group checks its targets."""

    enabled: bool
    protocol: str
    port: int | None
    """None: the port that gets the traffic."""
    path: str
    interval_seconds: int
    timeout_seconds: int
    healthy_threshold: int
    unhealthy_threshold: int
    matcher: str

    @classmethod
    def of(cls, group: Mapping[str, Any]) -> Check:
        """The settings of a target group, named as in CreateTargetGroup."""
        port = str(group["HealthCheckPort"])
        return cls(
            enabled=bool(group["HealthCheckEnabled"]) and group["TargetType"] in ("ip", "instance"),
            protocol=group["HealthCheckProtocol"],
            port=int(port) if port.isdigit() else None,
            path=group["HealthCheckPath"],
            interval_seconds=int(group["HealthCheckIntervalSeconds"]),
            timeout_seconds=int(group["HealthCheckTimeoutSeconds"]),
            healthy_threshold=int(group["HealthyThresholdCount"]),
            unhealthy_threshold=int(group["UnhealthyThresholdCount"]),
            matcher=str(group["Matcher"]["HttpCode"]),
        )


@dataclass(frozen=True)
class Failure:
    """What a failed check says of its target."""

    reason: str
    description: str


TIMEOUT = Failure("Target.Timeout", "Request timed out")
BROKEN = Failure("Target.FailedHealthChecks", "Health checks failed")


def judge(check: Check, code: int) -> Failure | None:
    """None when `code` is one of those that the group's matcher names: "200", "200,202" or "200-299"."""
    for part in check.matcher.split(","):
        first, _, last = part.strip().partition("-")
        if int(first) <= code <= int(last or first):
            return None
    return Failure("Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{code}]")


@dataclass(frozen=True)
class Health:
    """A target's health, as DescribeTargetHealth tells it, and what is counted towards the next one."""

    state: str
    reason: str = ""
    description: str = ""
    successes: int = 0
    failures: int = 0

    def after(self, check: Check, failure: Failure | None) -> Health:
        """The health after one more check.

        A new target "must pass one health check to be considered healthy"; an unhealthy one as many in a row
        as the healthy threshold says. As many failures in a row as the unhealthy threshold says make a target
        unhealthy.
        """
        if failure is None:
            successes = self.successes + 1
            needed = check.healthy_threshold if self.state == "unhealthy" else 1
            return HEALTHY if successes >= needed else replace(self, successes=successes, failures=0)
        failures = self.failures + 1
        if self.state == "unhealthy" or failures >= check.unhealthy_threshold:
            return Health("unhealthy", failure.reason, failure.description)
        waiting = CHECKING if self.state == "initial" else self
        return replace(waiting, successes=0, failures=failures)


HEALTHY = Health("healthy")
REGISTERING = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = Health("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
DRAINING = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
NOT_REGISTERED = Health("unused", "Target.NotRegistered", "Target is not registered to the target group")
NOT_IN_USE = Health(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)
NOT_CHECKED = Health("unavailable", "Target.HealthCheckDisabled", "Health checks are disabled for this target group")


def routable(healths: Mapping[Target, Health]) -> list[Target]:
    """Which targets may get a new request, in a stable order; none means 503.

    Healthy ones (and unchecked ones) only. With none of them, all unhealthy ones: "if a target group contains
    only unhealthy registered targets, the load balancer routes requests to all those targets". Never an initial
    one ("before a target can receive requests from the load balancer, that target must pass initial health
    checks"), nor a draining one, sticky or not: "if the Application Load Balancer receives a new request while
    the target is draining due to deregistration, the request is routed to a healthy target".
    """
    for states in (("healthy", "unavailable"), ("unhealthy",)):
        found = sorted(target for target, health in healths.items() if health.state in states)
        if found:
            return found
    return []


def weighted[T](weights: Sequence[tuple[T, int]], point: float) -> T | None:
    """Which group gets the request, for `point` in [0, 1); None when every weight is 0.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#forward-actions
    """
    left = point * sum(weight for _, weight in weights)
    for group, weight in weights:
        if left < weight:
            return group
        left -= weight
    return None


def groups_in_use(actions: Iterable[Mapping[str, Any]]) -> set[str]:
    """The ARNs of the target groups to which `actions` forward.

    "Health checks are performed on all targets registered to a target group that is specified in a listener rule".
    """
    return {arn for action in actions for arn, _ in forward_weights(action)}


def forward_weights(action: Mapping[str, Any]) -> list[tuple[str, int]]:
    """An action's target groups and their weights; 1 where none is given."""
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    if groups:
        return [(group["TargetGroupArn"], int(group.get("Weight", 1))) for group in groups]
    return [(action["TargetGroupArn"], 1)] if action.get("TargetGroupArn") else []
