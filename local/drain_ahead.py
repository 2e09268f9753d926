"""`make upgrade` and `make resume`: running tasks end before a deployment begins, however long they take.

The state machine of upgrades does it, and does not need this command: when that ends without a word, the drain goes on, and
starts all again an hour after nobody worked any more.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from local import command_line, deployed
from local.errors import LocalStackError
from local.upgrade_machine import Execution, UpgradeMachine

USUAL_HOURS = "8"
MOST_HOURS = 20
"""As `metadata_migrator` allows: an execution's history holds no longer drain."""
LOOK_SECONDS = 5.0
TELL_SECONDS = 600.0
"""So often it is told that nothing has changed."""
DRAINED = "AwaitDeployment"


class DrainError(LocalStackError):
    """There is no deployment, or nothing could be started; the message says why."""


class Machine(Protocol):
    """What is asked of `UpgradeMachine`."""

    def begin(self, kind: Literal["Drain", "Resume"], **properties: Any) -> str:
        """Return the execution's ARN."""

    def look(self, execution: str) -> Execution:
        """At one of those."""

    def workers(self) -> Mapping[str, int]:
        """By group."""

    def is_being_deployed(self) -> bool:
        """Whether CloudFormation is at work."""


@dataclass(frozen=True)
class DrainAhead:
    """Of one deployment."""

    machine: Machine
    say: Callable[[str], None]
    sleep: Callable[[float], None]

    def upgrade(self, hours: float, deploy: Callable[[], int]) -> int:
        """The exit status of `deploy`, with nobody at work. Raises `DrainError` when it does not come to that."""
        try:
            drain = self._begin(hours)
            self.await_drained(drain, hours)
        except KeyboardInterrupt:
            self.resume()
            raise
        try:
            return deploy()
        finally:
            self.end(drain)

    def _begin(self, hours: float) -> str:
        try:
            if self.machine.is_being_deployed():
                raise DrainError("CloudFormation deploys already; wait until it has ended")
            return self.machine.begin("Drain", DrainMinutes=round(hours * 60))
        except (BotoCoreError, ClientError) as error:
            raise DrainError(f"the drain could not be begun: {error}") from error

    def await_drained(self, drain: str, hours: float) -> None:
        """Until nobody works. Raises `DrainError`; then all is started again, or somebody else goes on with it."""
        self.say(f"no task begins any more; those that run have {hours:g} h")
        told, silent = "", 0.0
        while (seen := self._look(drain)).status == "RUNNING":
            if seen.state == DRAINED:
                self.say("nobody works")
                return
            line = f"{seen.state or 'TakeTurn'}: {in_words(self._ask(self.machine.workers))}"
            if line != told or silent >= TELL_SECONDS:
                self.say(line)
                told, silent = line, 0.0
            self.sleep(LOOK_SECONDS)
            silent += LOOK_SECONDS
        if seen.status == "SUCCEEDED":
            raise DrainError("a deployment, another drain or a `make resume` has taken over; nothing was deployed here")
        self.resume()
        reason = seen.reason or f"the drain's execution is {seen.status}"
        raise DrainError(f"{reason}. All was started again, and nothing was deployed")

    def end(self, drain: str) -> None:
        """Start all again when no deployment has taken over: there was nothing to migrate, or it did not come so far."""
        seen = self._look(drain)
        if seen.status == "SUCCEEDED":
            return
        if seen.status == "RUNNING" and self._ask(self.machine.is_being_deployed):
            self.say("CloudFormation goes on by itself, and the drain waits for it")
            return
        self.resume()

    def resume(self) -> None:
        """Start what a drain, or an execution that was aborted, has left stopped. Raises `DrainError`."""
        resume = self._ask(lambda: self.machine.begin("Resume"))
        told = False
        while (seen := self._look(resume)).status == "RUNNING":
            if not told and seen.state == "TakeTurn":
                self.say("waits for its turn")
                told = True
            self.sleep(LOOK_SECONDS)
        if seen.status != "SUCCEEDED":
            raise DrainError(f"it may be that not all was started: {seen.reason or seen.status}")
        self.say("what was stopped is started")

    def _look(self, execution: str) -> Execution:
        return self._ask(lambda: self.machine.look(execution))

    def _ask[Answer](self, ask: Callable[[], Answer]) -> Answer:
        """Hours are long enough for a network, or a login, to go and to come back."""
        while True:
            try:
                return ask()
            except BotoCoreError as error:
                self.say(f"AWS cannot be asked, and is asked again: {error}")
                self.sleep(12 * LOOK_SECONDS)
            except ClientError as error:
                raise DrainError(
                    f"{error}. A drain goes on by itself: `make upgrade` takes it up where it is, `make resume` ends it"
                ) from error


def in_words(workers: Mapping[str, int]) -> str:
    """Who is still there."""
    if not workers:
        return "no worker is there"
    return ", ".join(f"{count} of {group}" for group, count in sorted(workers.items())) + " still work"


def wanted_hours(text: str) -> float:
    """Of DRAIN_HOURS. Raises `DrainError`."""
    try:
        hours = float(text or USUAL_HOURS)
    except ValueError:
        hours = 0.0
    if not 1 / 60 <= hours <= MOST_HOURS:
        raise DrainError(f"DRAIN_HOURS={text} is no number of hours, at most {MOST_HOURS}")
    return hours


def sam_deploy() -> int:
    """Its exit status. It asks and answers on this terminal; after Ctrl+C it is let end by itself."""
    command = ["sam", "deploy", "--config-env", os.environ["ENV"]]
    if os.environ.get("CONFIRM") == "yes":
        command.append("--no-confirm-changeset")
    with subprocess.Popen(command) as sam:
        while True:
            try:
                return sam.wait()
            except KeyboardInterrupt:
                continue


def upgrade() -> int:
    """Deploy ENV when its running tasks have ended, for which they have DRAIN_HOURS."""
    hours = wanted_hours(os.environ.get("DRAIN_HOURS", ""))
    return _of_environment().upgrade(hours, sam_deploy)


def before_upgrade() -> int:
    """Whether an upgrade of ENV can be begun, before anything is built for it."""
    wanted_hours(os.environ.get("DRAIN_HOURS", ""))
    UpgradeMachine(deployed.find())
    return 0


def resume() -> int:
    """Start what is stopped in ENV."""
    _of_environment().resume()
    return 0


def _of_environment() -> DrainAhead:
    command_line.end_as_by_control_c()
    return DrainAhead(UpgradeMachine(deployed.find()), _say, time.sleep)


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # the terminal is gone, and what is to be done is not
        print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(
        command_line.run(
            "local.drain_ahead", {"before-upgrade": before_upgrade, "upgrade": upgrade, "resume": resume}, sys.argv[1:]
        )
    )
