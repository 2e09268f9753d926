"""What the tests of the lint have in common."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache_of_one_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds what another one kept, nor what a developer has."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
