"""How `make explain` tells decisions, and that docs/scaling.md shows what it prints."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from local import explain, layout


def line(at: str, desired: tuple[int, int], needed: int, reason: str, **more: Any) -> dict[str, Any]:
    """A line of `worker_scaler`'s log, as `explain.decisions` gives it."""
    return {
        "at": datetime.fromisoformat(f"2026-11-21T{at}").timestamp(),
        "worker_group": "default",
        "desired": dict(zip(("before", "after"), desired, strict=True)),
        "needed": needed,
        "reason": reason,
        "orders": {},
        "workers": {},
        **more,
    }


WORKER = "3f9c21d4a0b84c5e9d1f6a7b8c9d0e1f"
STORY = (
    line("14:02:10", (0, 2), 2, "0 run, 6 wait, 0 are foreseen: 0 workers accept, 2 more are needed"),
    line(
        *("14:09:30", (2, 2), 1, "1 run, 0 wait, 0 are foreseen: 1 workers accept"),
        orders={WORKER: "drain"},
        workers={WORKER: "accepting, 0 run"},
    ),
    line(
        *(
            "14:10:20",
            (2, 1),
            1,
            "1 run, 0 wait, 0 are foreseen: 1 workers accept; 1 drained and not needed: let go",
        ),
        orders={WORKER: "leave"},
        workers={WORKER: "drained, 0 run"},
    ),
)


def test_page_shows_what_is_printed() -> None:
    printed = "\n".join(explain.describe(decision) for decision in STORY)
    assert f"$ make explain\n{printed}\n```" in (layout.ROOT / "docs" / "scaling.md").read_text()


def test_revision_that_is_rolled_out_is_named() -> None:
    arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/farflow-dev-worker-default:7"
    told = explain.describe(line("14:02:10", (1, 2), 1, "a reason", rolled_out=arn))
    assert told.endswith("rolls out farflow-dev-worker-default:7")
