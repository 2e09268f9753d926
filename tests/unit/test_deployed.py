"""What a user is told who asks for an environment on AWS: `local.deployed`."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import deployed


@pytest.fixture(autouse=True)
def _nothing_of_the_user_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
        *("AWS_DEFAULT_REGION", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("ENV", "dev")


def test_missing_region_is_told_with_where_to_say_it() -> None:
    with pytest.raises(deployed.NotFoundError, match=r"\[dev\.deploy\.parameters\].*AWS_DEFAULT_REGION"):
        deployed.find()


def test_missing_credentials_are_told_with_where_to_say_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with pytest.raises(deployed.NotFoundError, match=r"no AWS credentials.*AWS_PROFILE"):
        deployed.find()


def test_unknown_environment_is_told_with_those_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "nowhere")
    with pytest.raises(deployed.NotFoundError, match="there are local, dev, prod"):
        deployed.find()
