"""A deployment of another version, under way while a test looks at it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from local import deploy, layout
from local.upgrade_history import executions
from tests.upgrades.versions import states
from tests.waiting import eventually

END_SECONDS = 600.0
"""Of a deployment, also one that fails and goes back."""


@dataclass
class Deploying:
    """In a thread of its own, from the moment that it is made."""

    stack: layout.Stack
    image: str = layout.AIRFLOW_IMAGE
    error: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.count = len(executions(self.stack))
        self.began = datetime.now(UTC)
        self.thread = threading.Thread(target=self._deploy)
        self.thread.start()

    def _deploy(self) -> None:
        try:
            deploy.deploy(self.stack, AirflowImage=self.image, WorkerScaling="off")
        except deploy.DeployError as error:
            self.error.append(str(error))

    def execution(self) -> dict[str, object]:
        """The state machine's, as soon as there is one."""
        eventually(lambda: len(executions(self.stack)) > self.count, 90, "the upgrade begins")
        return executions(self.stack)[-1 - self.count]

    def await_state(self, name: str) -> None:
        execution = self.execution()
        eventually(lambda: name in states(self.stack, execution), 120, f"the upgrade comes to {name}")

    def end(self) -> str:
        """CloudFormation's last words when it failed; empty when it did not."""
        self.thread.join(END_SECONDS)
        assert not self.thread.is_alive()
        return "".join(self.error)
