"""What is the same for every policy: how fast Airflow, SQS, ECS and CloudWatch are. Times are seconds."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

COLD_STARTS = (65.0, 67.0, 68.5, 70.0, 71.0, 72.0, 73.0, 74.0, 75.0, 76.0, 77.5, 79.0, 81.0, 83.0)
"""From the launch until a worker accepts: 53 to 62 s measured for a 413 MB image without cache, and Airflow's imports."""
DOLLARS_PER_HOUR = 1 * 0.04048 + 4 * 0.004445
"""Of one worker with 1 vCPU and 4 GB, the template's `medium`, on Fargate, x86, us-east-1: https://aws.amazon.com/fargate/pricing/"""
SHORTEST_BILL = 60.0
LONG_POLL = 20.0
MESSAGES_PER_RECEIVE = 10
SCHEDULER_LOOP = 1.0
READ_LAG = 0.5
"""Between a look at the database or a metric and what is done about it."""
HEARTBEAT_TIMEOUT = 300.0
"""When Airflow notices that a task's worker is gone, and tries it again: `task_instance_heartbeat_timeout`."""
QUEUED_TIMEOUT = 600.0
"""`task_queued_timeout`: Airflow queues it again."""
REPORT_INTERVAL = 5.0
"""A Farflow worker reports, and hears its order, so often."""
EXIT_SECONDS = 2.0
"""From the decision to leave until the container ends."""
LAUNCH_BURST = 100
LAUNCH_RATE = 20.0
"""Launches in a second, sustained: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html"""


@dataclass(frozen=True)
class Plumbing:
    """What a scenario may vary."""

    concurrency: int = 8
    maximum: int = 200
    """Workers, for every policy alike."""
    parallelism: int = 2000
    cold_starts: Sequence[float] = COLD_STARTS

    @property
    def median_cold_start(self) -> float:
        return statistics.median(self.cold_starts)

    @property
    def cold_start(self) -> float:
        """The mean: what a start is billed without working."""
        return statistics.fmean(self.cold_starts)

    def draw_cold_start(self, rng: random.Random) -> float:
        return rng.choice(self.cold_starts)


def cold_starts_around(median: float) -> tuple[float, ...]:
    """The measured ones, stretched to another median."""
    factor = median / statistics.median(COLD_STARTS)
    return tuple(each * factor for each in COLD_STARTS)
