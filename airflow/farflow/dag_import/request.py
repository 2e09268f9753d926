"""What is asked for: a tree of files, and which of them to import."""

from __future__ import annotations

import base64
import json
import lzma
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

MEMORY_LIMIT = 512 * 1024**2
"""For unpacking: more than the gate lets through, less than the function has."""


class RequestError(ValueError):
    """The request is none; the message says why."""


@dataclass(frozen=True)
class Request:
    """`files`: content by path, relative to the DAG folder. `imports`: those to import, in this order.

    `variables`, `connections` (as URI) and `environment` are what the files may read while they are imported; what they
    read besides gets a stand-in.
    """

    files: Mapping[str, bytes]
    imports: tuple[str, ...]
    seconds_per_file: float
    variables: Mapping[str, str] = field(default_factory=dict)
    connections: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, content: bytes | str) -> Request:
        """Parse `{"tree": base64(xz(json {path: text})), "imports": [path], "seconds_per_file": number, ...}`.

        Bytes that are no UTF-8 travel as lone surrogates (PEP 383). Raises `RequestError`.
        """
        try:
            fields: dict[str, Any] = json.loads(content)
            packed = base64.b64decode(fields["tree"], validate=True)
            texts: dict[str, str] = json.loads(lzma.decompress(packed, memlimit=MEMORY_LIMIT))
            files = {path: text.encode("utf-8", "surrogateescape") for path, text in texts.items()}
            request = cls(
                files,
                tuple(fields["imports"]),
                float(fields["seconds_per_file"]),
                *(dict(fields.get(name, {})) for name in ("variables", "connections", "environment")),
            )
        except (ValueError, KeyError, TypeError, AttributeError, lzma.LZMAError) as error:
            raise RequestError(f"not a request to import DAG files: {error!r}") from error
        for path in files:
            _check_path(path)
        unknown = [path for path in request.imports if path not in files]
        if unknown:
            raise RequestError(f"asked to import {unknown[0]!r}, which is not in the tree")
        return request


def _check_path(path: str) -> None:
    """The gate refused such trees already; what writes files looks for itself."""
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts or "\0" in path or str(pure) != path:
        raise RequestError(f"{path!r} is no path inside a folder")
