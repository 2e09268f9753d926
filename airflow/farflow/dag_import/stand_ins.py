"""What stands in for Variables, connections and the environment of production while a file is imported.

Without them a file that is right would fail: the sandbox has neither a database nor secrets. What the request gives is
taken; of the rest, a Variable with a default is that default, and any other gets a text that most code can live with.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Self

from airflow.models.connection import Connection as ModelsConnection
from airflow.models.variable import Variable as ModelsVariable
from airflow.sdk import Connection, Variable

from .request import Request

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_CREDENTIALS")


class StandInText(str):
    """Is "1", so it can be made a number; looks into itself like a mapping or a list of one."""

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "1")

    def __getitem__(self, key: Any) -> str:
        return self if isinstance(key, str) else super().__getitem__(key)


class StandInMapping(dict[str, Any]):
    """Has what it is asked for. Iterated it is empty."""

    def __missing__(self, key: str) -> StandInText:
        return StandInText()

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if default is None else super().get(key, default)


class StandIns:
    """Notes in `used` what was read of that which is not there."""

    def __init__(self, request: Request, tree: Path, on_credentials: Callable[[], None]) -> None:
        self._request = request
        self._tree = f"{tree}{os.sep}"
        self._on_credentials = on_credentials
        self.used: set[str] = set()

    def install(self) -> None:
        """In this process, for good."""
        Variable.get = self._variable_getter("default")  # type: ignore[method-assign]
        ModelsVariable.get = self._variable_getter("default_var")  # type: ignore[method-assign]
        Connection.get = self._connection_getter(Connection)  # type: ignore[method-assign]
        getter = self._connection_getter(ModelsConnection)
        ModelsConnection.get_connection_from_secrets = getter  # type: ignore[method-assign]
        os.environ.update(self._request.environment)
        environ = StandInEnviron(os.environ, self._is_of_tree, self._environment)
        os.environ = environ  # type: ignore[assignment]  # noqa: B003  # putenv still has what is really set
        os.getenv = environ.get  # type: ignore[assignment]

    def _variable_getter(self, default_name: str) -> Any:
        def get(key: str, default: Any = _NONE_GIVEN, deserialize_json: bool = False, **others: Any) -> Any:
            default = others.get(default_name, default)
            if key in self._request.variables:
                text = self._request.variables[key]
                return json.loads(text) if deserialize_json else text
            if default is not _NONE_GIVEN:
                return default
            self.used.add(f"Variable {key}")
            return StandInMapping() if deserialize_json else StandInText()

        return get

    def _connection_getter(self, kind: Any) -> Any:
        def get(conn_id: str, *_: Any, **__: Any) -> Any:
            uri = self._request.connections.get(conn_id)
            if uri is None:
                self.used.add(f"connection {conn_id}")
                uri = "generic://stand-in:stand-in@stand-in.invalid:1/stand-in"
            return kind.from_uri(uri, conn_id=conn_id) if hasattr(kind, "from_uri") else kind(conn_id, uri=uri)

        return get

    def _environment(self, name: str) -> str:
        if name.startswith(CREDENTIALS):
            self._on_credentials()
        self.used.add(f"environment variable {name}")
        return StandInText()

    def _is_of_tree(self, frame: FrameType | None) -> bool:
        return frame is not None and frame.f_code.co_filename.startswith(self._tree)


_NONE_GIVEN = object()


class StandInEnviron(Mapping[str, str]):
    """`os.environ` in which DAG files, and they alone, find what is not there."""

    def __init__(
        self, real: Any, is_asking: Callable[[FrameType | None], bool], stand_in: Callable[[str], str]
    ) -> None:
        self._real = real
        self._is_asking = is_asking
        self._stand_in = stand_in

    def __getitem__(self, name: str) -> str:
        if name not in self._real and self._is_asking(sys._getframe(1)):  # noqa: SLF001
            return self._stand_in(name)
        return str(self._real[name])

    def get(self, name: str, default: Any = None) -> Any:
        if name in self._real:
            return self._real[name]
        asked = default is None and self._is_asking(sys._getframe(1))  # noqa: SLF001
        return self._stand_in(name) if asked else default

    def __contains__(self, name: object) -> bool:
        return name in self._real

    def __iter__(self) -> Iterator[str]:
        return iter(self._real)

    def __len__(self) -> int:
        return len(self._real)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __setitem__(self, name: str, value: str) -> None:
        self._real[name] = value

    def __delitem__(self, name: str) -> None:
        del self._real[name]
