"""Delivery under every order of steps, with crashes, failures and lost events: the invariants hold at each moment.

Syncs run without their lock here: what is promised must not depend on it.
"""

from __future__ import annotations

import errno
import hashlib
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_plane import dag_releases
from control_plane.dag_releases import ReleaseError
from dag_sync import collection
from dag_sync.delivery import RestlessError
from dag_sync.release_store import StoreError
from tests.integration.delivery.interleaving import Stage, SteppedFileSystem
from tests.integration.delivery.world import Tree, World, contents, fresh_root

EXAMPLES = 2500
"""Of each of the four tests: ten thousand interleavings in all."""

paths = st.sampled_from(["a.py", "b.py", "team/c.py", "team/sub/d.py"])
trees = st.dictionaries(paths, st.sampled_from(["one", "two", "six", ""]), min_size=1)
seeds = st.integers(0, 2**32)
thorough = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def one_thread_per_publisher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dag_releases, "THREADS", 1)


@pytest.fixture(autouse=True)
def sweeps_that_keep_nothing_but_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "KEPT_RELEASES", 1)
    monkeypatch.setattr(collection, "KEPT_TIME", timedelta(0))


@pytest.fixture
def worlds() -> Iterator[Callable[[], World]]:
    made: list[Path] = []

    def make() -> World:
        while made:
            shutil.rmtree(made.pop())
        made.append(fresh_root())
        return World(made[0])

    yield make
    for root in made:
        shutil.rmtree(root)


def stage_of(world: World, seed: int) -> Stage:
    return Stage(random.Random(seed).randrange, world.look)


def syncing(world: World, stage: Stage, name: str, times: int = 1) -> Callable[[], None]:
    def sync() -> None:
        for _ in range(times):
            world.deliver(lambda: stage.step(name), SteppedFileSystem(stage, name))

    return sync


def sweeping(world: World, stage: Stage, name: str) -> Callable[[], None]:
    """Also clears away what it takes for left behind; a sync from under whose hands it does that fails, no more."""

    def sweep() -> None:
        with suppress(FileNotFoundError):
            world.deliver(lambda: stage.step(name), SteppedFileSystem(stage, name), sweep=True)

    return sweep


def overtaken(act: Callable[[], object]) -> Callable[[], None]:
    def sync() -> None:
        with suppress(FileNotFoundError, StoreError):
            act()

    return sync


def publishing(world: World, stage: Stage, name: str, tree: Tree) -> Callable[[], object]:
    publisher = world.publisher(lambda: stage.step(name))
    return lambda: publisher.publish(contents(tree), publisher=name, confirmed=True)


def settle(world: World) -> None:
    """The sweep that comes in the end."""
    world.deliver()
    world.look()


@thorough
@given(trees, trees, trees, seeds)
def test_two_syncs_and_two_publishers_lose_nothing(
    worlds: Callable[[], World], before: Tree, one: Tree, other: Tree, seed: int
) -> None:
    world = worlds()
    world.publisher().publish(contents(before), publisher="before")
    stage = stage_of(world, seed)
    stage.play(
        {
            "ada": publishing(world, stage, "ada", one),
            "bob": publishing(world, stage, "bob", other),
            "sync 1": syncing(world, stage, "sync 1", times=2),
            "sync 2": syncing(world, stage, "sync 2"),
        }
    )
    assert not stage.errors
    settle(world)
    history = list(world.publisher().history())
    assert world.served() == {file.path: _text(world, file.sha256) for file in history[0].files}
    assert world.served() in (one, other)
    unchanged = before in (one, other)
    assert {"ada", "bob"} <= {release.publisher for release in history} or unchanged or one == other
    assert [release.sequence for release in history] == list(range(len(history), 0, -1))


def _text(world: World, sha256: str) -> str:
    return world.s3.objects[f"objects/{sha256}"][-1][0].decode()


@thorough
@given(
    trees,
    trees,
    st.lists(st.tuples(st.integers(0, 120), st.sampled_from(["ada", "sync 1", "sync 2", "sweep"])), max_size=3),
    seeds,
)
def test_actors_killed_at_any_step_leave_what_a_sweep_completes(
    worlds: Callable[[], World], before: Tree, after: Tree, kills: list[tuple[int, str]], seed: int
) -> None:
    world = worlds()
    world.publisher().publish(contents(before), publisher="before")
    world.deliver()
    stage = stage_of(world, seed)
    actors: dict[str, Callable[[], object]] = {
        "ada": publishing(world, stage, "ada", after),
        "sync 1": overtaken(syncing(world, stage, "sync 1")),
        "sync 2": overtaken(syncing(world, stage, "sync 2", times=2)),
        "sweep": sweeping(world, stage, "sweep"),
    }
    stage.play(actors, dict(kills))
    assert not stage.errors
    settle(world)
    assert world.served() in (before, after)
    world.publisher().publish(contents(after), publisher="ada", confirmed=True)
    settle(world)
    assert world.served() == after


@thorough
@given(trees, st.lists(st.tuples(paths, st.sampled_from(["new", "old", None])), min_size=1, max_size=4), seeds)
def test_uploads_in_any_order_end_as_what_is_uploaded(
    worlds: Callable[[], World], before: Tree, changes: list[tuple[str, str | None]], seed: int
) -> None:
    """While a person uploads and removes, one file after the other; events may be lost or doubled.

    Each release made on the way is what was uploaded at one moment, never files of two.
    """
    world = worlds()
    world.upload(before)
    stage = stage_of(world, seed)
    moments = [hashes(before)]

    def upload() -> None:
        s3 = world.s3.sharing(lambda: stage.step("person"))
        for path, text in changes:
            if text is None:
                s3.delete_object(Bucket="dags", Key=f"dags/{path}")
            else:
                world.upload({path: text}, s3)
            moments.append(hashes(before | dict(changes[: len(moments)])))

    stage.play(
        {
            "person": upload,
            "sync 1": syncing(world, stage, "sync 1", times=2),
            "sync 2": syncing(world, stage, "sync 2"),
        }
    )
    assert all(isinstance(error, RestlessError) for error in stage.errors.values()), stage.errors
    settle(world)
    expected = {path: text for path, text in (before | dict(changes)).items() if text is not None}
    for release in world.publisher().history():
        assert {file.path: file.sha256 for file in release.files} in moments
    newest = world.publisher().newest()
    if newest is None:
        assert not expected, "what was uploaded is no release"
        return
    confirm(world, newest.release.id)
    settle(world)
    assert world.served() == expected


def hashes(files: Mapping[str, str | None]) -> dict[str, str]:
    return {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items() if text is not None}


def confirm(world: World, release_id: str) -> None:
    world.s3.put_object(Bucket="dags", Key="CONFIRMED.json", Body=f'{{"release": "{release_id}"}}'.encode())


class FailingFileSystem(SteppedFileSystem):
    """Fails one call in so many, as a file system does that is full or away."""

    def __init__(self, stage: Stage, name: str, chance: random.Random) -> None:
        super().__init__(stage, name)
        self._chance = chance

    def __getattribute__(self, attribute: str) -> Any:
        found = super().__getattribute__(attribute)
        if attribute.startswith("_"):
            return found

        def failing(*arguments: Any) -> Any:
            if self._chance.random() < 0.05:
                raise OSError(self._chance.choice([errno.ENOSPC, errno.EIO, errno.EDQUOT]), "injected")
            return found(*arguments)

        return failing


@thorough
@given(trees, trees, seeds)
def test_failures_of_s3_and_file_system_leave_the_old_release_served(
    worlds: Callable[[], World], before: Tree, after: Tree, seed: int
) -> None:
    world = worlds()
    world.publisher().publish(contents(before), publisher="before")
    world.deliver()
    stage, chance = stage_of(world, seed), random.Random(seed)

    def step(name: str) -> Callable[[], None]:
        def failing() -> None:
            stage.step(name)
            if chance.random() < 0.05:
                raise EndpointConnectionError(endpoint_url="injected")

        return failing

    def sync(name: str) -> Callable[[], None]:
        def deliver() -> None:
            for _ in range(3):
                with suppress(OSError, EndpointConnectionError):
                    world.deliver(step(name), FailingFileSystem(stage, name, chance))

        return deliver

    def publish() -> None:
        publisher = world.publisher(step("ada"))
        for _ in range(10):
            with suppress(EndpointConnectionError, ReleaseError):
                publisher.publish(contents(after), publisher="ada", confirmed=True)
                return

    stage.play({"ada": publish, "sync 1": sync("sync 1"), "sync 2": sync("sync 2")})
    assert not stage.errors
    settle(world)
    assert world.served() in (before, after)
    assert world.served() == after or world.publisher().newest().release.publisher == "before"
