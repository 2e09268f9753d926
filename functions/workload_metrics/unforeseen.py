"""How many slots work lately held that no forecast knew of: a mean that forgets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

MEMORY_SECONDS = 900.0
"""After so long, what was seen counts for a third."""
NEGLIGIBLE_SLOTS = 0.01


@dataclass(frozen=True)
class UnforeseenSlots:
    """The mean by queue, at one time."""

    at: float = 0.0
    slots: Mapping[str, float] = field(default_factory=dict)


def updated(previous: UnforeseenSlots | None, now: float, held: Mapping[str, int]) -> UnforeseenSlots:
    """The mean, now that `held` was seen. What was held since the last look is taken for what is held now.

    Looks may be seconds or hours apart. The first one says nothing of what was before it.
    """
    previous = previous or UnforeseenSlots(now)
    share = math.exp(-max(0.0, now - previous.at) / MEMORY_SECONDS)
    means = {
        queue: share * previous.slots.get(queue, 0.0) + (1.0 - share) * held.get(queue, 0)
        for queue in previous.slots.keys() | held.keys()
    }
    return UnforeseenSlots(now, {queue: mean for queue, mean in sorted(means.items()) if mean >= NEGLIGIBLE_SLOTS})
