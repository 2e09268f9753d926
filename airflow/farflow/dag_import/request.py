"""What is asked for: a tree of files, and which of them to import."""

from __future__ import annotations

import base64
import io
import json
import lzma
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

TREE_BYTES = 320 * 1024**2
"""Of the unpacked tree: what the gate lets through, where JSON needs six letters for each byte that is no text."""


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
            texts: dict[str, str] = json.loads(_unpacked(packed))
            files = {path: text.encode("utf-8", "surrogateescape") for path, text in texts.items()}
            request = cls(
                files,
                tuple(fields["imports"]),
                float(fields["seconds_per_file"]),
                *(dict(fields.get(name, {})) for name in ("variables", "connections", "environment")),
            )
        except (ValueError, KeyError, TypeError, AttributeError, EOFError, lzma.LZMAError) as error:
            raise RequestError(f"not a request to import DAG files: {error!r}") from error
        for path in files:
            _check_path(path)
        unknown = [path for path in request.imports if path not in files]
        if unknown:
            raise RequestError(f"asked to import {unknown[0]!r}, which is not in the tree")
        return request


def _unpacked(packed: bytes) -> bytes:
    """Raises `ValueError` for more than `TREE_BYTES`, before it is in memory."""
    with lzma.open(io.BytesIO(packed)) as file:
        content = file.read(TREE_BYTES + 1)
    if len(content) > TREE_BYTES:
        raise ValueError(f"the tree has more than {TREE_BYTES} bytes")
    return content


def _check_path(path: str) -> None:
    """The gate refused such trees already; what writes files looks for itself."""
    pure = PurePosixPath(path)
    if not pure.parts or pure.is_absolute() or ".." in pure.parts or "\0" in path or str(pure) != path:
        raise RequestError(f"{path!r} is no path inside a folder")
