"""What `make publish`, `confirm` and `releases` tell of a release."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from control_plane.dag_release import Release, following
from local import dag_folder, release_commands

RELEASE = following(None, (), publisher="ada", now=datetime(2026, 11, 21, tzinfo=UTC))
HELD = {"sequence": 0, "held_release": RELEASE.id, "held": "it would remove most files"}
SERVED = {"sequence": 1, "served": RELEASE.id}


class Bucket:
    """Says one status after the other, the last again and again."""

    def __init__(self, *statuses: dict[str, Any]) -> None:
        self._statuses = list(statuses)

    def status(self) -> dict[str, Any]:
        return self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.release_commands.time.sleep", lambda seconds: None)


def await_served(bucket: Bucket, release: Release = RELEASE, **options: Any) -> int:
    return release_commands.await_served(bucket, release, **options)  # type: ignore[arg-type]


def test_held_release_is_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert await_served(Bucket({}, HELD)) == 1
    assert f"make confirm RELEASE={RELEASE.id}" in capsys.readouterr().out


def test_confirmed_release_is_waited_for_though_it_is_told_as_held_until_then(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await_served(Bucket(HELD, HELD, SERVED), held_is_an_answer=False) == 0
    assert "served after" in capsys.readouterr().out


def test_refused_release_is_told_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert await_served(Bucket({"sequence": 0, "refused": f"{RELEASE.id}: a bad name"})) == 1
    assert "a bad name" in capsys.readouterr().out


def test_links_beside_the_dags_do_not_matter_and_links_among_them_are_named(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "python").symlink_to("/usr/bin/python3")
    dag_folder.refuse_links(tmp_path)
    (tmp_path / "y.py").symlink_to(tmp_path / "x.py")
    with pytest.raises(dag_folder.DagFolderError, match=r"y\.py"):
        dag_folder.refuse_links(tmp_path)
