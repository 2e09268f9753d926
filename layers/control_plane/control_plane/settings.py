"""A function's settings: one frozen dataclass, read from the environment once, every mistake named."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_PARSERS = {"str": str, "int": int, "float": float, "Path": Path}


class SettingsError(ValueError):
    """The environment does not hold the settings; the message names each bad variable."""


def read_settings[SettingsT: DataclassInstance](
    settings_class: type[SettingsT], environ: Mapping[str, str]
) -> SettingsT:
    """Build `settings_class` from `environ`: field `dags_bucket` from the variable `DAGS_BUCKET`.

    Fields are of type str, int, float or Path, and required unless they have a default. Raises
    `SettingsError` with all that is missing or malformed, so that one failed start names every mistake.
    """
    values: dict[str, Any] = {}
    mistakes = []
    for field in dataclasses.fields(settings_class):
        name = field.name.upper()
        text = environ.get(name, "")
        if not text:
            if field.default is dataclasses.MISSING:
                mistakes.append(f"{name} is missing")
            continue
        kind = field.type if isinstance(field.type, str) else field.type.__name__
        try:
            values[field.name] = _PARSERS[kind](text)
        except ValueError:
            mistakes.append(f"{name} is no {kind}: {text!r}")
    if mistakes:
        raise SettingsError("; ".join(mistakes))
    return settings_class(**values)


def variable_names(settings_class: type[DataclassInstance]) -> set[str]:
    """The environment variables that `settings_class` is read from."""
    return {field.name.upper() for field in dataclasses.fields(settings_class)}
