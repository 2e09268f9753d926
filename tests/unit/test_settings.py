"""Settings from the environment: `control_plane.settings`."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from control_plane.settings import SettingsError, read_settings, variable_names


@dataclass(frozen=True)
class Example:
    bucket_name: str
    root: Path
    limit: int = 5


def test_fields_are_read_by_their_upper_case_names() -> None:
    settings = read_settings(Example, {"BUCKET_NAME": "b", "ROOT": "/mnt/dags", "LIMIT": "7"})
    assert settings == Example("b", Path("/mnt/dags"), 7)


def test_absent_optional_keeps_its_default() -> None:
    assert read_settings(Example, {"BUCKET_NAME": "b", "ROOT": "/r"}).limit == 5


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        read_settings(Example, {"ROOT": "", "LIMIT": "many"})
    assert str(error.value) == "BUCKET_NAME is missing; ROOT is missing; LIMIT is no int: 'many'"


def test_variable_names_are_those_that_are_read() -> None:
    assert variable_names(Example) == {"BUCKET_NAME", "ROOT", "LIMIT"}
