"""`make explain`: why the workers are as many as they are, from what `worker_scaler` logged of its last decisions."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import command_line, deployed
from local.errors import LocalStackError

PAST_SECONDS = 6 * 3600
SHOWN = 20


class ExplainError(LocalStackError):
    """The log cannot be read."""


def explain() -> int:
    """The last decisions of ENV, the newest last: when, for which group, from how many workers to how many, and why."""
    environment = deployed.find()
    try:
        lines = list(decisions(environment.client("logs"), environment.stack_name))[-SHOWN:]
    except (BotoCoreError, ClientError) as error:
        raise ExplainError(f"the log of worker_scaler could not be read: {error}") from error
    for line in lines:
        print(describe(line))
    if not lines:
        print(f"worker_scaler decided nothing in the last {PAST_SECONDS // 3600} hours: there was no gap")
    return 0


def decisions(logs: Any, stack_name: str) -> Iterator[dict[str, Any]]:
    """Its log lines of decisions, the oldest first."""
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/farflow/{stack_name}/worker-scaler",
        filterPattern='{ $.message = "decided" }',
        startTime=int((time.time() - PAST_SECONDS) * 1000),
    )
    for page in pages:
        for event in page["events"]:
            yield {"at": event["timestamp"] / 1000, **json.loads(event["message"])}


def describe(line: dict[str, Any]) -> str:
    """One decision, as a person reads it."""
    when = datetime.fromtimestamp(line["at"]).astimezone().strftime("%H:%M:%S")
    before, after = line["desired"]["before"], line["desired"]["after"]
    count = f"{before}" if before == after else f"{before} → {after}"
    text = f"{when}  {line['worker_group']:<12} desired {count:<9} needed {line['needed']}: {line['reason']}"
    for worker, order in line["orders"].items():
        text += f"\n{'':22}{worker[:8]} is told to {order} ({line['workers'].get(worker, 'gone')})"
    if "rolled_out" in line:
        text += f"\n{'':22}rolls out {line['rolled_out'].rpartition('/')[2]}"
    return text


if __name__ == "__main__":
    sys.exit(command_line.run("local.explain", {"explain": explain}, sys.argv[1:]))
