"""Runs actors as threads of which one moves at a time: who, at each call of the file system or bucket, is the test's choice.

The calls are the real ones. An actor can be ended before any of them, as a killed process would be: what it wrote stays,
nothing of it runs after, not even a `finally` that would call the file system.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from dag_sync.file_system import FileSystem


class KilledError(BaseException):
    """Unwinds an actor that is dead: each further call of its file system raises it again."""


class Stage:
    """Moves the actors. `choose(n)` gives the number of the one of `n` to move next."""

    def __init__(self, choose: Callable[[int], int], after_each_change: Callable[[], None]) -> None:
        self._choose = choose
        self.after_each_change = after_each_change
        self._waiting: dict[str, threading.Event] = {}
        self._arrived = threading.Semaphore(0)
        self._dead: set[str] = set()
        self.errors: dict[str, BaseException] = {}
        self.steps = 0

    def step(self, name: str) -> None:
        """Called by actor `name` before each of its calls: it waits for its turn."""
        if name in self._dead:
            raise KilledError
        turn = self._waiting[name] = threading.Event()
        self._arrived.release()
        turn.wait()
        if name in self._dead:
            raise KilledError

    def play(self, actors: dict[str, Callable[[], object]], kills: dict[int, str] | None = None) -> None:
        """Run all to their ends. `kills`: at that step, that actor dies."""
        threads = {name: threading.Thread(target=self._act, args=(name, act)) for name, act in actors.items()}
        for thread in threads.values():
            thread.start()
        moving = len(threads)
        while moving:
            for _ in range(moving):
                self._arrived.acquire()
            moving = 0
            if not self._waiting:
                break
            victim = (kills or {}).get(self.steps)
            if victim in self._waiting:
                self._dead.add(victim)
                name = victim
            else:
                names = sorted(self._waiting)
                name = names[self._choose(len(names))]
            self.steps += 1
            moving = 1
            self._waiting.pop(name).set()
        for thread in threads.values():
            thread.join()

    def _act(self, name: str, act: Callable[[], object]) -> None:
        try:
            self.step(name)
            act()
        except KilledError:
            pass
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.errors[name] = error
        self._arrived.release()


CHANGES = {"rename", "overwrite", "remove", "remove_folder", "remove_tree"}
"""What a reader may see: all else happens under names that none looks at."""


class SteppedFileSystem(FileSystem):
    """The real file system, with a step before each call, and a look at it after each that changes something."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self._name = name

    def __getattribute__(self, attribute: str) -> Any:
        found = super().__getattribute__(attribute)
        if attribute.startswith("_"):
            return found

        def stepped(*arguments: Any) -> Any:
            self._stage.step(self._name)
            result = found(*arguments)
            if attribute in CHANGES:
                self._stage.after_each_change()
            return result

        return stepped
