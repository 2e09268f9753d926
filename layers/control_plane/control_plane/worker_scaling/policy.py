"""What an operator chooses of a worker group's scaling, and what was learnt of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """A point between waiting and cost; `make bench-scaling` draws what each gives."""

    slack_seconds: float
    """A task may wait so long for a slot that is known to become free, rather than have a worker started for it."""
    margin: float
    """Free slots kept for what nobody foresees, in square roots of the slots that such work holds on average."""
    hold_seconds: float
    """How long a worker without work is kept, beyond what the known schedule calls for.

    Draining takes half a minute by itself, during which a worker can be called back.
    """


PRESETS = {
    "economy": Preset(slack_seconds=36.0, margin=0.5, hold_seconds=0.0),
    "balanced": Preset(slack_seconds=15.0, margin=2.0, hold_seconds=0.0),
    "fast": Preset(slack_seconds=5.0, margin=3.0, hold_seconds=300.0),
}


@dataclass(frozen=True)
class Policy:
    """Everything that a decision depends on besides what is observed."""

    preset: Preset
    concurrency: int
    """Tasks that one worker runs at once."""
    minimum: int = 0
    maximum: int = 10
    """Workers that accept at the same time; what an older revision finishes comes beside them."""
    cold_start_seconds: float = 75.0
    """From the raise of the desired count until the new worker accepts, as it was measured lately."""
    tick_seconds: float = 10.0
    """How often it is decided while there is work."""
    delay_seconds: float = 10.0
    """How much later than it could a decision may be carried out: metric, alarm, invocation."""

    @property
    def launch_horizon_seconds(self) -> float:
        """How far ahead work must be known so that a worker for it is started in time."""
        return self.cold_start_seconds + self.tick_seconds + self.delay_seconds

    @property
    def break_even_seconds(self) -> float:
        """How long an idle worker costs less than starting another: what a start is billed without working.

        A longer look-ahead does not lower the cost (Lu and Chen, https://arxiv.org/abs/1112.0442).
        """
        return max(60.0, self.cold_start_seconds)
