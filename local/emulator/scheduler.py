"""EventBridge Scheduler calls its target as the schedule's role.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role
"""

from __future__ import annotations

import logging
from typing import Any

from ministack.services import eventbridge

from local.emulator.iam import AccessDeniedError, Iam

logger = logging.getLogger(__name__)

ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "states": "states:StartExecution"}


def check_role(iam: Iam) -> None:
    """A denied call is not made; AWS would retry it for a day, and so does the schedule's next turn."""
    invoke = eventbridge._invoke_target

    def checked(target: Any, event: Any, rule: Any, *others: Any) -> Any:
        action = ACTIONS.get(str(target.get("Arn", "")).split(":")[2])
        if event.get("Source") == "aws.scheduler" and action:
            try:
                iam.authorize(target["RoleArn"], action, target["Arn"])
            except AccessDeniedError as error:
                logger.warning("schedule %s: %s", rule.get("Name"), error)
                return None
        return invoke(target, event, rule, *others)

    eventbridge._invoke_target = checked
