"""The demo's record: what was done, how long it took, how it ended. Printed as it goes, kept as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

NAME_WIDTH = 34


@dataclass
class Step:
    """One step: `seconds` it took, and what there is to say of it."""

    name: str
    seconds: float = 0.0
    ok: bool = False
    detail: str = ""
    _elsewhere: float | None = None

    def took(self, seconds: float) -> None:
        """The step's work was done and timed before this process began."""
        self._elsewhere = seconds

    def end(self, seconds: float) -> None:
        self.seconds = round(seconds if self._elsewhere is None else self._elsewhere, 1)

    def record(self) -> dict[str, str | float | bool]:
        return {"name": self.name, "seconds": self.seconds, "ok": self.ok, "detail": self.detail}


@dataclass
class DagOutcome:
    """What became of one DAG: the run's state, "import error" or "no run"; seconds from trigger to end."""

    dag_id: str
    state: str
    seconds: float | None = None


@dataclass
class Timeline:
    """Steps in order, and the DAGs that were run."""

    steps: list[Step] = field(default_factory=list)
    dags: list[DagOutcome] = field(default_factory=list)
    complete: bool = False
    """Set when there is nothing left to do: a story that broke off between two steps is no success."""

    @property
    def ok(self) -> bool:
        return self.complete and all(step.ok for step in self.steps)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time what is done inside; an exception makes the step a failed one and goes on."""
        step = Step(name)
        self.steps.append(step)
        if sys.stdout.isatty():
            print(f"  …  {name}", end="\r", flush=True)
        started = time.monotonic()
        try:
            yield step
            step.ok = True
        except BaseException as error:
            step.detail = step.detail or str(error) or type(error).__name__
            raise
        finally:
            step.end(time.monotonic() - started)
            mark = "ok  " if step.ok else "FAIL"
            first_line = step.detail.partition("\n")[0]
            print(f"{mark} {step.name:<{NAME_WIDTH}} {step.seconds:6.1f} s  {first_line}", flush=True)

    def write(self, path: Path) -> None:
        """Write `{"ok", "steps", "dags"}` as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        record = {
            "ok": self.ok,
            "steps": [step.record() for step in self.steps],
            "dags": [asdict(dag) for dag in self.dags],
        }
        path.write_text(json.dumps(record, indent=2) + "\n")
